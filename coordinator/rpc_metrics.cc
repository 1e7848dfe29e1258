#include "coordinator/rpc_metrics.h"

#include <chrono>
#include <string_view>

#include <google/protobuf/descriptor.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

// "/ofsweep.v1.SweepService/GetSweep" as a label, if the program has such a method.
std::string MethodLabel(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  std::string full_name(path);
  const std::size_t slash = full_name.find('/');
  if (slash == std::string::npos) return "other";
  full_name[slash] = '.';
  const bool known = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(full_name) != nullptr;
  return known || path.starts_with("grpc.health.v1.Health/") ? std::string(path) : "other";
}

class RpcTimer : public Interceptor {
 public:
  RpcTimer(Telemetry& telemetry, const char* method)
      : telemetry_(telemetry), method_(MethodLabel(method)), begin_(std::chrono::steady_clock::now()) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin_;
      telemetry_.RpcEnded(method_, CodeName(methods->GetSendStatus().error_code()), took.count());
    }
    methods->Proceed();
  }

 private:
  Telemetry& telemetry_;
  const std::string method_;
  const std::chrono::steady_clock::time_point begin_;
};

class RpcTimerFactory : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit RpcTimerFactory(Telemetry& telemetry) : telemetry_(telemetry) {}

  Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new RpcTimer(telemetry_, info->method());
  }

 private:
  Telemetry& telemetry_;
};

}  // namespace

std::string CodeName(grpc::StatusCode code) {
  const bool known = code >= grpc::StatusCode::OK && code <= grpc::StatusCode::UNAUTHENTICATED;
  return known ? absl::StatusCodeToString(static_cast<absl::StatusCode>(code)) : "UNKNOWN";
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRpcMetrics(Telemetry& telemetry) {
  for (const char* name : {"ofsweep.v1.SweepService", "ofsweep.v1.WorkerService"}) {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; service != nullptr && i < service->method_count(); ++i) {
      telemetry.KnowRpc(absl::StrCat(name, "/", service->method(i)->name()));
    }
  }
  return std::make_unique<RpcTimerFactory>(telemetry);
}

}  // namespace ofsweep
