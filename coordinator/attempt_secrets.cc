#include "coordinator/attempt_secrets.h"

#include <cstdint>

#include "access/key_file.h"
#include "access/secret.h"
#include "experiment/data_folder.h"

namespace ofsweep {
namespace {

// The key may come to serve other purposes.
constexpr std::string_view kPurpose = "ofsweep attempt ";

// No two attempts have the same: what comes before the trial's id has always the same length.
std::string Encode(const AttemptName& attempt) {
  std::string text(kPurpose);
  for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(attempt.generation >> shift & 0xff);
  return text + attempt.trial_id;
}

}  // namespace

absl::StatusOr<AttemptSecrets> AttemptSecrets::Open(const std::string& data_dir) {
  absl::StatusOr<std::string> key =
      LoadOrMakeKey(AttemptKeyPath(data_dir),
                    "the coordinator makes a new one, and trials that workers have are trained again from their last "
                    "checkpoints");
  if (!key.ok()) return key.status();
  return AttemptSecrets(*std::move(key));
}

std::string AttemptSecrets::For(const AttemptName& attempt) const {
  return HmacSha256(key_, Encode(attempt));
}

bool AttemptSecrets::Fits(const AttemptName& attempt, std::string_view secret) const {
  return IsSameSecret(For(attempt), secret);
}

}  // namespace ofsweep
