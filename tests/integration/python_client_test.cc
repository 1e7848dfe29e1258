// A Python program that knows nothing but proto/ and the coordinator's address. What it checks is in python_client.py.
#include <gtest/gtest.h>

#include "tests/coordinator/server_fixture.h"
#include "tests/integration/process.h"

namespace ofsweep {
namespace {

class PythonClientTest : public ServerTest {};

TEST_F(PythonClientTest, GrpcioSubmitsWorksWatchesCancelsResumesAndReadsBack) {
  const std::string source = OFSWEEP_SOURCE_DIR;
  const Finished environment = RunToEnd({source + "/deploy/setup/python_env.sh"});
  ASSERT_EQ(environment.exit_code, 0) << environment.err;
  const std::string folder = environment.out.substr(0, environment.out.find('\n'));
  const Finished client =
      RunToEnd({folder + "/bin/python", source + "/tests/integration/python_client.py", "--proto", source + "/proto",
                "--generated", folder_.File("generated"), "--coordinator", server_->grpc_address()});
  EXPECT_EQ(client.exit_code, 0) << client.out << client.err;
}

}  // namespace
}  // namespace ofsweep
