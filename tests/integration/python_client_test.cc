// Python programs that know nothing but proto/ and the coordinator's address. What they check is in the .py files.
#include <gtest/gtest.h>

#include "tests/coordinator/server_fixture.h"
#include "tests/integration/process.h"

namespace ofsweep {
namespace {

class PythonClientTest : public ServerTest {
 protected:
  Finished Run(const std::string& program, const std::string& option, const std::string& address) {
    const std::string source = OFSWEEP_SOURCE_DIR;
    const Finished environment = RunToEnd({source + "/deploy/setup/python_env.sh"});
    EXPECT_EQ(environment.exit_code, 0) << environment.err;
    const std::string folder = environment.out.substr(0, environment.out.find('\n'));
    return RunToEnd({folder + "/bin/python", source + "/tests/integration/" + program, "--proto", source + "/proto",
                     "--generated", folder_.File("generated"), option, address});
  }
};

TEST_F(PythonClientTest, GrpcioSubmitsWorksWatchesCancelsResumesAndReadsBack) {
  const Finished client = Run("python_client.py", "--coordinator", server_->grpc_address());
  EXPECT_EQ(client.exit_code, 0) << client.out << client.err;
}

TEST_F(PythonClientTest, ConnectrpcAndCurlAreServedOverHttp) {
  const Finished client = Run("connect_client.py", "--http", server_->http_address());
  EXPECT_EQ(client.exit_code, 0) << client.out << client.err;
}

}  // namespace
}  // namespace ofsweep
