#include "bench/control_plane/echo.h"

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "bench/control_plane/bench_worker.h"
#include "bench/control_plane/meter.h"
#include "ofsweep/v1/worker.grpc.pb.h"

namespace ofsweep {
namespace {

class Echo : public v1::WorkerService::Service {
  grpc::Status Synchronize(grpc::ServerContext*, const v1::SynchronizeRequest*, v1::SynchronizeResponse*) override {
    return grpc::Status::OK;
  }
  grpc::Status PushMetrics(grpc::ServerContext*, const v1::PushMetricsRequest*, v1::PushMetricsResponse*) override {
    return grpc::Status::OK;
  }
};

}  // namespace

nlohmann::json ServeEcho(const Arguments&) {
  Echo echo;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  std::printf("127.0.0.1:%d\n", port);
  std::fflush(stdout);
  const ParentIsDone is_done(true);
  while (!is_done()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  server->Shutdown();
  return nlohmann::json::object();
}

nlohmann::json CallEcho(const Arguments& arguments) {
  const long clients = arguments.Number("clients", 1);
  const bool beside = arguments.Flag("beside");
  const long calls = beside ? -1 : arguments.Number("calls", 1000);
  const std::chrono::milliseconds pause(arguments.Number("pause_ms", 0));
  const ParentIsDone is_done(beside);
  std::vector<std::unique_ptr<v1::WorkerService::Stub>> stubs;
  std::vector<Latencies> latencies(clients);
  const auto call = [&](long client) {
    grpc::ClientContext context;
    v1::PushMetricsResponse answer;
    const Instant sent = Now();
    Check(stubs[client]->PushMetrics(&context, {}, &answer), "PushMetrics");
    latencies[client].push_back(SecondsSince(sent));
  };
  for (long i = 0; i < clients; ++i) {
    stubs.push_back(v1::WorkerService::NewStub(Connect(arguments)));
    call(i);  // connects
    latencies[i].clear();
  }
  const Meter meter(arguments);
  InThreads(clients, [&](long client) {
    for (long i = 0; i != calls && !is_done(); ++i) {
      call(client);
      if (pause.count() > 0) std::this_thread::sleep_for(pause);
    }
  });
  nlohmann::json result = meter.Read();
  Latencies all;
  for (const Latencies& some : latencies) all.insert(all.end(), some.begin(), some.end());
  result["calls"] = all.size();
  result["latency"] = Summary(std::move(all));
  return result;
}

}  // namespace ofsweep
