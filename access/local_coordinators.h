#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace ofsweep {

// Which token goes to which port of this machine. A coordinator on loopback notes where its token lies, for the
// programs of the same user: $XDG_STATE_HOME/ofsweep/coordinators/PORT, else under ~/.local/state. Without a home
// nothing is noted.

void NoteLocalCoordinator(std::uint16_t port, const std::string& token_file);
// Unless another one has noted the port since.
void ForgetLocalCoordinator(std::uint16_t port, const std::string& token_file);
// The token file of who noted that port last; "" where nobody did.
std::string LocalTokenFile(std::uint16_t port);

// PermissionDenied where another user than the file's owner (root aside) listens on that port: the token is not for
// them.
absl::Status CheckListener(std::uint16_t port, const std::string& token_file);

}  // namespace ofsweep
