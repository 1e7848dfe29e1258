# The command line against real processes: needs the trainer, which `ofsweep` looks for beside itself.
if(OFSWEEP_TRAINER)
  foreach(name run_command sweep_commands bad_input chaos quickstart)
    ofsweep_test(integration_${name}
      SOURCES ${name}_test.cc process.cc sweep_fixture.cc
      DEPENDS nlohmann_json::nlohmann_json SQLiteCpp
      TIMEOUT 1800
      LABELS integration)
    add_dependencies(integration_${name} ofsweep ofsweep-trainer)
  endforeach()

  ofsweep_test(integration_python_checkpoint
    SOURCES python_checkpoint_test.cc process.cc
    TIMEOUT 600
    LABELS integration)
  add_dependencies(integration_python_checkpoint ofsweep-trainer)
endif()
