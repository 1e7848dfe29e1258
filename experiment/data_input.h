#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "experiment/trial_config.h"

// What a trial reads from files. Its content counts, not its place: where the fingerprint is known, it is part of the
// trial's identity instead of the path.
namespace ofsweep {

// The two keys of an input.
struct InputKeys {
  std::string_view path;
  std::string_view fingerprint;
};
inline constexpr std::array<InputKeys, 3> kInputKeys = {{
    {"data.path", "data.fingerprint"},
    {"data.validation_path", "data.validation_fingerprint"},
    {"model.init_from", "model.init_fingerprint"},
}};
inline constexpr std::span kDataKeys = std::span(kInputKeys).first<2>();  // of the tokens

// How a path is read, which decides what of it counts: the *.py files of a folder or all of its files.
struct DataInput {
  std::string source;  // "python", "text" or "tokens" (data.source), or "safetensors"
  std::string path;    // empty: the Python of this machine

  auto operator<=>(const DataInput&) const = default;
};

// "text corpus.txt", "the Python files of the machine".
std::string ToText(const DataInput& input);

// What `keys` names in a trial, or nothing where it is unset.
std::optional<DataInput> InputOf(const TrialConfig& config, const InputKeys& keys);

// An input whose fingerprint key is `auto`, by that key.
using OpenInputs = std::map<std::string_view, DataInput>;
OpenInputs OpenInputsOf(const TrialConfig& config);

using Fingerprints = std::map<DataInput, std::string>;

// Fills the fingerprint keys that are `auto` and whose input's fingerprint is known.
void SetFingerprints(const Fingerprints& known, TrialConfig& config);

// False where nothing is named: an empty path means something for the Python of the machine alone.
bool IsInput(const DataInput& input, const InputKeys& keys);

// The fingerprints of all that a trial reads, in the order of kInputKeys, joined by "+"; "" while one is `auto`.
std::string DataFingerprint(const TrialConfig& config);

// The same trial with every fingerprint `auto`, as a sweep is submitted from where its files cannot be seen.
TrialConfig WithoutFingerprints(TrialConfig config);

}  // namespace ofsweep
