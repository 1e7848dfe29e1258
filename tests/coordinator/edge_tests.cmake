ofsweep_test(coordinator_edge_test
  SOURCES
    ablation_table_test.cc
    http_server_test.cc
    rpc_error_test.cc
    server_fixture.cc
    server_test.cc
    spec_message_test.cc
    sweep_service_test.cc
    telemetry_test.cc
    watch_test.cc
    worker_service_test.cc
  DEPENDS ofsweep_coordinator)
