#include "coordinator/needed_role.h"

#include <string>

#include <google/protobuf/descriptor.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "ofsweep/v1/access.pb.h"
#include "ofsweep/v1/role.pb.h"
#include "ofsweep/v1/sweep.pb.h"
#include "ofsweep/v1/worker.pb.h"

namespace ofsweep {
namespace {

using RolesByRpc = absl::flat_hash_map<std::string, Role>;

void AddServices(const google::protobuf::FileDescriptor& file, RolesByRpc& roles) {
  for (int i = 0; i < file.service_count(); ++i) {
    const auto& service = *file.service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      const auto& method = *service.method(j);
      const std::string rpc = absl::StrCat("/", service.full_name(), "/", method.name());
      roles[rpc] = ParseRole(method.options().GetExtension(v1::needs)).value_or(Role::kAdmin);
    }
  }
}

RolesByRpc ReadProtos() {
  RolesByRpc roles;
  AddServices(*v1::CreatePrincipalRequest::descriptor()->file(), roles);
  AddServices(*v1::SubmitSweepRequest::descriptor()->file(), roles);
  AddServices(*v1::SynchronizeRequest::descriptor()->file(), roles);
  return roles;
}

}  // namespace

std::optional<Role> NeededRole(std::string_view rpc) {
  static const RolesByRpc roles = ReadProtos();
  if (const auto known = roles.find(absl::string_view(rpc.data(), rpc.size())); known != roles.end())
    return known->second;
  if (rpc.starts_with("/grpc.health.v1.Health/")) return std::nullopt;
  return rpc.starts_with("/grpc.reflection.") ? Role::kRead : Role::kAdmin;
}

}  // namespace ofsweep
