// Lists the sweeps of the coordinator at argv[1] as who has the token argv[2]. Exit code 2: it does not answer.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <iostream>
#include <string>

#include "ofsweep/v1/sweep.grpc.pb.h"

int main(int, char** argv) {
  const auto stub =
      ofsweep::v1::SweepService::NewStub(grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  context.AddMetadata("authorization", std::string("Bearer ") + argv[2]);
  ofsweep::v1::ListSweepsResponse response;
  if (!stub->ListSweeps(&context, {}, &response).ok()) return 2;
  std::cout << response.sweeps_size() << " sweeps\n";
}
