#pragma once

#include <filesystem>
#include <string>

#include "access/tls_files.h"

namespace ofsweep {

// A certificate authority for tests, and what it signs, as PEM files in a folder.
class Certificates {
 public:
  explicit Certificates(std::filesystem::path folder);

  std::string authority() const { return File("ca.pem"); }

  // NAME.pem and NAME.key, valid for days from `from_day` (0: today) to `until_day`. `alternative_names` as OpenSSL
  // writes them: "DNS:localhost,IP:127.0.0.1,URI:spiffe://lab/worker".
  TlsFiles Issue(const std::string& name, const std::string& alternative_names, int from_day = -1,
                 int until_day = 30) const;

 private:
  std::string File(const std::string& name) const { return (folder_ / name).string(); }

  const std::filesystem::path folder_;
};

}  // namespace ofsweep
