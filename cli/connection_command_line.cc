#include "cli/connection_command_line.h"

#include "absl/strings/str_cat.h"
#include "cli/coordinator_address.h"

namespace ofsweep {

void AddCoordinator(CLI::App* sub, std::optional<std::string>& coordinator, CallerOptions& caller,
                    const std::string& help) {
  sub->add_option("--coordinator", coordinator, help)
      ->check(CLI::Validator([](const std::string& text) { return WhyNoAddress(text); }, ""));
  sub->add_option("--token-file", caller.token_file,
                  absl::StrCat("holds your token (default: ", kTokenFileVariable,
                               " of the environment, else on this machine that of your own coordinator)"))
      ->type_name("FILE");
  sub->add_option("--tls-ca", caller.tls.authorities,
                  absl::StrCat("PEM of who signs the coordinator's certificate (default: ", kAuthoritiesVariable,
                               " of the environment, else whom this system trusts)"))
      ->type_name("FILE");
  CLI::Option* certificate =
      sub->add_option("--tls-cert", caller.tls.certificate, "PEM of your own certificate, where you have no token")
          ->type_name("FILE");
  sub->add_option("--tls-key", caller.tls.key, "PEM of its key")->type_name("FILE")->needs(certificate);
  sub->add_flag("--insecure", caller.insecure,
                "call another machine without TLS or a token: a coordinator that was started with --insecure");
}

void AddCoordinator(CLI::App* sub, std::optional<std::string>& coordinator, CallerOptions& caller) {
  AddCoordinator(sub, coordinator, caller,
                 absl::StrCat("HOST:PORT (default: ", kCoordinatorVariable, " of the environment, else ",
                              kDefaultCoordinator, ")"));
}

void AddSource(CLI::App* sub, ConnectionOptions& connection) {
  AddCoordinator(sub, connection.coordinator, connection.caller);
  sub->add_option("--data-dir", connection.data_dir,
                  absl::StrCat("read this folder's database instead, or a database file, such as a copy; without both "
                               "options and the variable, ",
                               kDefaultDataDir, " is read where no coordinator answers"));
}

void AddCoordinatorAlone(CLI::App* sub, ConnectionOptions& connection) {
  AddCoordinator(sub, connection.coordinator, connection.caller);
  sub->add_option("--data-dir", connection.data_dir)->group("");
}

void AddAccess(CLI::App* sub, AccessOptions& access) {
  CLI::Option* certificate =
      sub->add_option("--tls-cert", access.tls.certificate,
                      "PEM of its certificate and chain, for addresses that other machines reach; read again when it "
                      "changes")
          ->type_name("FILE");
  CLI::Option* key = sub->add_option("--tls-key", access.tls.key, "PEM of its key")->type_name("FILE");
  certificate->needs(key);
  key->needs(certificate);
  sub->add_option("--tls-client-ca", access.tls.authorities,
                  "PEM of who signs certificates of callers, which may then take the place of tokens")
      ->type_name("FILE")
      ->needs(certificate);
  sub->add_flag("--insecure", access.insecure,
                "whoever reaches its addresses may do everything, without TLS or a token");
}

}  // namespace ofsweep
