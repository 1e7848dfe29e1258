ofsweep_test(trainer_data_test
  SOURCES
    batches_test.cc
    corpus_test.cc
    device_memory_test.cc
    files_test.cc
    safetensors_test.cc
    temporary_folder.cc
    token_file_test.cc
    tokenizer_test.cc
  DEPENDS ofsweep_trainer)
target_precompile_headers(trainer_data_test REUSE_FROM ofsweep_trainer_model)

ofsweep_test(trainer_process_test
  SOURCES
    bad_input_test.cc
    int8_process_test.cc
    measuring_test.cc
    prepare_test.cc
    reference_process_test.cc
    resume_test.cc
    step_timing_process_test.cc
    temporary_folder.cc
    tiny_trial.cc
    trainer_events_test.cc
    trainer_process.cc
  DEPENDS ofsweep_trainer)
target_precompile_headers(trainer_process_test REUSE_FROM ofsweep_trainer_model)
add_dependencies(trainer_process_test ofsweep-trainer)
