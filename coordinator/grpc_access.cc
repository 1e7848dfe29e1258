#include "coordinator/grpc_access.h"

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <grpcpp/support/client_interceptor.h>

#include "absl/strings/escaping.h"
#include "access/secret.h"

#include "coordinator/needed_role.h"
#include "coordinator/peer_host.h"
#include "coordinator/rpc_status.h"

namespace ofsweep {
namespace {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

constexpr const char* kAuthorization = "authorization";
constexpr const char* kPath = ":path";
// Of calls over the in-process channel alone.
constexpr const char* kCallerName = "ofsweep-caller";
constexpr const char* kCallerRole = "ofsweep-caller-role";
constexpr const char* kCallerPeer = "ofsweep-caller-peer";
constexpr const char* kInProcess = "ofsweep-in-process";

// What calls over InProcessChannel say. A peer's address would not do: it may be of a kind that nobody thought of.
const std::string& ProcessSecret() {
  static const std::string secret = absl::BytesToHexString(RandomBytes(kSecretBytes));
  return secret;
}

class ProcessSecretInterceptors final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo*) override {
    return new Saying;
  }

 private:
  class Saying final : public grpc::experimental::Interceptor {
   public:
    void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
      if (batch->QueryInterceptionHookPoint(grpc::experimental::InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
        batch->GetSendInitialMetadata()->emplace(kInProcess, ProcessSecret());
      }
      batch->Proceed();
    }
  };
};

std::string_view ValueOf(const Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string_view() : std::string_view(found->second.data(), found->second.size());
}

// The one URI in the alternative names of the client's certificate, which gRPC has verified; "" without one.
std::string CertificateName(const grpc::AuthContext* context) {
  if (context == nullptr || !context->IsPeerAuthenticated()) return "";
  const auto names = context->FindPropertyValues("peer_spiffe_id");
  return names.empty() ? "" : std::string(names.front().data(), names.front().size());
}

bool IsInProcess(const grpc::ServerContextBase& context) {
  return IsSameSecret(ValueOf(context.client_metadata(), kInProcess), ProcessSecret());
}

class AccessProcessor final : public grpc::AuthMetadataProcessor {
 public:
  explicit AccessProcessor(const CallAdmission& admission) : admission_(admission) {}

  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata*,
                       OutputMetadata*) override {
    const std::string_view rpc = ValueOf(metadata, kPath);
    const std::optional<Role> needed = NeededRole(rpc);
    if (!needed) return grpc::Status::OK;
    const std::string name = CertificateName(context);
    const auto caller =
        admission_.Identify({.authorization = ValueOf(metadata, kAuthorization), .certificate_name = name});
    if (!caller.ok()) return ToGrpcStatus(caller.status());
    if (absl::Status counted = admission_.Count(*caller); !counted.ok()) return ToGrpcStatus(counted);
    return ToGrpcStatus(CheckRole(*caller, *needed, rpc.substr(rpc.rfind('/') + 1)));
  }

 private:
  const CallAdmission& admission_;
};

}  // namespace

std::shared_ptr<grpc::AuthMetadataProcessor> MakeAccessProcessor(const CallAdmission& admission) {
  return std::make_shared<AccessProcessor>(admission);
}

std::shared_ptr<grpc::Channel> InProcessChannel(grpc::Server& server, const grpc::ChannelArguments& arguments) {
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<ProcessSecretInterceptors>());
  return server.experimental().InProcessChannelWithInterceptors(arguments, std::move(interceptors));
}

absl::StatusOr<Caller> CallerOf(const grpc::ServerContextBase& context, const CallAdmission& admission) {
  const Metadata& metadata = context.client_metadata();
  if (IsInProcess(context)) {
    const std::string_view name = ValueOf(metadata, kCallerName);
    if (name.empty()) return Caller{.name = kLocalName, .role = Role::kAdmin};
    return Caller{.name = std::string(name),
                  .role = ParseRole(ValueOf(metadata, kCallerRole)).value_or(Role::kScrape),
                  .peer = std::string(ValueOf(metadata, kCallerPeer))};
  }
  const std::string certificate_name = CertificateName(context.auth_context().get());
  auto caller =
      admission.Identify({.authorization = ValueOf(metadata, kAuthorization), .certificate_name = certificate_name});
  if (caller.ok()) caller->peer = PeerHost(context.peer()).value_or(context.peer());
  return caller;
}

absl::Status CountNameless(const grpc::ServerContextBase& context, const CallAdmission& admission) {
  if (admission.asks_who_calls() || IsInProcess(context)) return absl::OkStatus();
  const auto caller = CallerOf(context, admission);
  return caller.ok() ? admission.Count(*caller) : caller.status();
}

void SetCaller(const Caller& caller, grpc::ClientContext& context) {
  context.AddMetadata(kCallerName, caller.name);
  context.AddMetadata(kCallerRole, std::string(RoleName(caller.role)));
  context.AddMetadata(kCallerPeer, caller.peer);
}

}  // namespace ofsweep
