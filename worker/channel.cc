#include "worker/channel.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/client_interceptor.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "monitoring/host_port.h"
#include "worker/token_source.h"

namespace ofsweep {
namespace {

// Adds the header of the caller's token to a call. An interceptor, because gRPC's call credentials want TLS.
class TokenInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit TokenInterceptor(TokenSource& source) : source_(source) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(grpc::experimental::InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      if (const std::string token = source_.Token(); !token.empty()) {
        batch->GetSendInitialMetadata()->emplace("authorization", absl::StrCat("Bearer ", token));
      }
    }
    batch->Proceed();
  }

 private:
  TokenSource& source_;
};

class TokenInterceptors final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenInterceptors(std::unique_ptr<TokenSource> source) : source_(std::move(source)) {}

  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo*) override {
    return new TokenInterceptor(*source_);
  }

 private:
  const std::unique_ptr<TokenSource> source_;
};

std::shared_ptr<grpc::ChannelCredentials> TlsCredentials(const TlsFiles& files) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  if (!files.empty()) {
    options.set_certificate_provider(std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
        files.key, files.certificate, files.authorities, kTlsRefreshSeconds));
  }
  if (!files.authorities.empty()) options.watch_root_certs();
  if (!files.certificate.empty()) options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace

grpc::ChannelArguments CoordinatorChannelArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  return arguments;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> DialCoordinator(const std::string& address, const CallerOptions& caller,
                                                               const grpc::ChannelArguments& arguments) {
  if (absl::Status files = CheckTlsFiles(caller.tls, absl::ToUnixMillis(absl::Now())); !files.ok()) return files;
  const std::optional<HostPort> parsed = ParseHostPort(address);
  const bool is_elsewhere = !parsed || !IsLoopback(parsed->host);
  const bool with_tls = !caller.tls.empty() || (is_elsewhere && !caller.insecure);
  const auto credentials = with_tls ? TlsCredentials(caller.tls) : grpc::InsecureChannelCredentials();
  auto source = std::make_unique<TokenSource>(caller.token_file, address, with_tls);
  if (absl::Status token = source->Check(); !token.ok()) return token;
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  const bool may_send_token = with_tls || !is_elsewhere;
  if (may_send_token) interceptors.push_back(std::make_unique<TokenInterceptors>(std::move(source)));
  return grpc::experimental::CreateCustomChannelWithInterceptors(address, credentials, arguments,
                                                                 std::move(interceptors));
}

std::string ConnectionAdvice(const grpc::Status& status) {
  const auto says = [&status](std::string_view words) {  // gRPC's and OpenSSL's own
    return status.error_message().find(words) != std::string::npos;
  };
  if (says("http1.x")) {
    return "that port speaks HTTP, as the page does; name the one that the coordinator printed as \"grpc\" when it "
           "started (7070 where it was told no other)";
  }
  if (says("certificate verify failed")) {
    return absl::StrCat(
        "its certificate is not accepted: it is of an authority that is not trusted here (name it with "
        "--tls-ca FILE), has expired, or is not valid yet; this machine's clock says ",
        absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::Now(), absl::UTCTimeZone()));
  }
  if (says("Hostname Verification Check failed")) {
    return "its certificate is of another name than the one that is dialled; use a name that it holds";
  }
  if (says("wrong version number") || says("packet length too long")) {
    return "it speaks no TLS; where it was started with --insecure, give --insecure here too";
  }
  if (says("failed to connect") && says("Socket closed")) {
    return "it closed the connection, as a coordinator with TLS does to who calls without; name its authority with "
           "--tls-ca FILE";
  }
  return "";
}

}  // namespace ofsweep
