# The coordinator as other people's programs see it: Prometheus and promtool, and grpcio in Python.
find_program(PROMETHEUS_PROGRAM prometheus REQUIRED)
find_program(PROMTOOL_PROGRAM promtool REQUIRED)

ofsweep_test(integration_rpc_test
  SOURCES prometheus_test.cc python_client_test.cc process.cc ../coordinator/server_fixture.cc
  DEPENDS ofsweep_coordinator
  TIMEOUT 600)
target_compile_definitions(integration_rpc_test PRIVATE
  PROMETHEUS_PROGRAM="${PROMETHEUS_PROGRAM}" PROMTOOL_PROGRAM="${PROMTOOL_PROGRAM}")
