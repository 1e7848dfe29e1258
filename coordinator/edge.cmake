# What the world sees of the coordinator: gRPC, HTTP, Prometheus.
find_program(GIT_PROGRAM git)
if(GIT_PROGRAM)
  execute_process(COMMAND ${GIT_PROGRAM} rev-parse --short HEAD WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    OUTPUT_VARIABLE OFSWEEP_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT OFSWEEP_REVISION)
  set(OFSWEEP_REVISION unknown)
endif()

target_sources(ofsweep_coordinator PRIVATE
  ablation_table.cc
  heartbeat.cc
  http_server.cc
  rpc_metrics.cc
  rpc_status.cc
  server.cc
  spec_message.cc
  sweep_reader.cc
  sweep_service.cc
  telemetry.cc
  trial_series.cc
  watch_hub.cc
  wire.cc
  worker_service.cc
  worker_wire.cc)
set_source_files_properties(server.cc PROPERTIES COMPILE_DEFINITIONS
  "OFSWEEP_VERSION=\"${PROJECT_VERSION}\";OFSWEEP_REVISION=\"${OFSWEEP_REVISION}\"")
target_link_libraries(ofsweep_coordinator PUBLIC
  ofsweep_proto gRPC::grpc++ gRPC::grpc++_reflection prometheus-cpp::core Boost::headers spdlog::spdlog Threads::Threads)
