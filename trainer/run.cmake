# The program around ofsweep_trainer_model.

# Files, corpora, tokens: no tensors, so no LibTorch.
ofsweep_library(ofsweep_trainer_data
  SOURCES
    corpus.cc
    corpus_preparation.cc
    dataset.cc
    files.cc
    log.cc
    termination.cc
    token_file.cc
    tokenizer.cc
    utf8.cc
  DEPENDS ofsweep_experiment absl::cleanup absl::status absl::statusor absl::strings absl::str_format
          nlohmann_json::nlohmann_json spdlog::spdlog PkgConfig::SENTENCEPIECE)

# Batches, checkpoints, the training loop, events, commands.
ofsweep_library(ofsweep_trainer
  SOURCES
    batches.cc
    cgroup.cc
    checkpoint.cc
    commands.cc
    device_memory.cc
    evaluation.cc
    event_output.cc
    failure.cc
    int8_events.cc
    machine.cc
    safetensors.cc
    step_timer.cc
    training.cc
  # The data first: SentencePiece and libc10 both export a variable FLAGS_minloglevel, of 32 and 4 bytes, and the library that is
  # named first provides it to both. The other way round SentencePiece writes over what lies behind libc10's.
  DEPENDS ofsweep_trainer_data ofsweep_trainer_model ${CMAKE_DL_LIBS})
target_precompile_headers(ofsweep_trainer REUSE_FROM ofsweep_trainer_model)

ofsweep_executable(ofsweep-trainer SOURCES main.cc DEPENDS ofsweep_trainer CLI11::CLI11)
