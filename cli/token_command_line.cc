#include "cli/token_command_line.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "access/principal.h"
#include "access/role.h"
#include "cli/connection_command_line.h"
#include "cli/option_values.h"

namespace ofsweep {
namespace {

// A command with its options' struct, which lives as long as the command.
template <class Options>
std::pair<CLI::App*, std::shared_ptr<Options>> Add(CLI::App* parent, const char* name, const char* help,
                                                   absl::Status (*command)(const Options&, Streams), Streams streams,
                                                   Action& action) {
  CLI::App* sub = parent->add_subcommand(name, help);
  auto options = std::make_shared<Options>();
  sub->callback([&action, streams, options, command] {
    action = [streams, options, command] { return command(*options, streams); };
  });
  AddCoordinatorAlone(sub, options->connection);
  return {sub, options};
}

}  // namespace

void AddTokenCommands(CLI::App& app, Streams streams, Action& action) {
  CLI::App* token = app.add_subcommand("token", "who may call a coordinator")->require_subcommand(1);
  const auto [make, make_options] =
      Add(token, "make", "makes a token, or gives the name of a certificate a role", TokenMake, streams, action);
  make->add_option("NAME", make_options->name,
                   absl::StrCat("whose it is, as the audit and sweeps call it; ", kCertificateScheme,
                                "… is the name in a certificate"))
      ->required();
  make->add_option("--role", make_options->role,
                   absl::StrCat(RoleNames(), ": what it may do; submit may read, admin may do everything"))
      ->required();
  make->add_option("--days", make_options->days, "until it expires (0: never)")
      ->check(Within({.maximum = 3660}))
      ->capture_default_str();
  make->add_option("--out", make_options->out, "the file for the token, mode 0600 (default: it is printed)")
      ->type_name("FILE");

  const auto [ls, ls_options] = Add(token, "ls", "lists who may call", TokenList, streams, action);
  ls->add_flag("--json", ls_options->json, "as JSON");

  const auto [revoke, revoke_options] =
      Add(token, "revoke", "ends what a name may do, at once", TokenRevoke, streams, action);
  revoke->add_option("NAME", revoke_options->name, "as `ofsweep token ls` lists it")->required();

  Add(&app, "login", "prints a link that logs a browser in to the coordinator's page, once, as you", PrintLogin,
      streams, action);
}

}  // namespace ofsweep
