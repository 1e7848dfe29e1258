#pragma once

#include <string>

#include "access/role.h"
#include "experiment/time_ms.h"

namespace ofsweep {

// Somebody who may call a coordinator, known by a token or by the name in a client certificate.
struct Principal {
  // As the audit and sweeps call it: "alice", "ci"; of a certificate the URI in its subject's alternative names:
  // "spiffe://lab/ofsweep/worker".
  std::string name;
  Role role = Role::kRead;
  std::string token_hash;  // HashOfToken; empty: known by a certificate
  std::string created_by;
  TimeMs created_at = 0;
  TimeMs expires_at = 0;  // 0: never
  TimeMs revoked_at = 0;  // 0: is not
};

// Who makes a call.
struct Caller {
  std::string name;
  Role role = Role::kRead;
  std::string peer;  // where the call comes from: "10.0.0.7"; empty: from this process
};

// Names that no principal can be given.
inline constexpr const char* kLocalName = "local";    // whoever can read the coordinator's data folder
inline constexpr const char* kAnyoneName = "anyone";  // whoever reaches a coordinator that was started with --insecure

inline constexpr const char* kCertificateScheme = "spiffe://";

// Why a text is no name for a principal, in words; "" for one that is: 1 to 64 letters, digits and any of ._@-, or
// kCertificateScheme and at most 256 printable ASCII characters in all.
std::string WhyNoPrincipalName(const std::string& name);

}  // namespace ofsweep
