// ofsweep-trainer: trains one trial and prints what happens as JSON lines. Runs under the worker's agent, and by hand.

#include <malloc.h>

#include <functional>

#include <CLI/CLI.hpp>

#include "experiment/build_revision.h"
#include "experiment/number_range.h"
#include "experiment/version_text.h"
#include "trainer/commands.h"

namespace {

// A step frees what the next one asks for again. By default glibc hands such memory back to the kernel, which then has
// to clear every page anew: 2 to 5 % of a step of 10 M parameters on a CPU (docs/adr/0007).
void KeepFreedMemory() {
  constexpr int kBytes = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kBytes);
  mallopt(M_TRIM_THRESHOLD, kBytes);
}

// Refuses NaN, which CLI::PositiveNumber lets pass, and says which numbers do.
CLI::Validator Within(const ofsweep::NumberRange& range) {
  return CLI::Validator([range](std::string& text) { return WhyNotIn(range, text); }, "");
}

CLI::Option* AddConfig(CLI::App* command, std::filesystem::path& config) {
  return command->add_option("--config", config, "the trial's configuration, trial.json");
}

void AddCache(CLI::App* command, std::filesystem::path& cache) {
  command->add_option("--cache", cache, "folder of prepared corpora [~/.cache/ofsweep/datasets]");
}

void AddShare(CLI::App* command, ofsweep::MachineShare& share) {
  command->add_option("--slots", share.slots, "trials that run side by side here, this one included [1]")
      ->check(Within(ofsweep::kPositiveWhole));
  command->add_option("--gpu-slots", share.gpu_slots, "how many of them share this trial's GPU [1]")
      ->check(Within(ofsweep::kPositiveWhole));
  command->add_option("--memory", share.memory_bytes, "bytes of this host that all of them share [what is free]")
      ->check(Within(ofsweep::kPositive));
}

void AddTrain(CLI::App* command, ofsweep::TrainCommand& train) {
  AddConfig(command, train.config);
  command->add_option("--trial-id", train.trial_id, "refuse a configuration of another trial than this");
  command
      ->add_option("--expect", train.expect,
                   "KEY=FINGERPRINT: refuse to train where a path holds other content (data.fingerprint=…)")
      ->allow_extra_args(false);
  CLI::Option* output =
      command->add_option("--output", train.output, "folder for checkpoints; none are written without it");
  command->add_flag("--resume", train.resume, "continue from the newest whole checkpoint in --output")->needs(output);
  command->add_flag("--keep-all-checkpoints", train.keep_all_checkpoints, "in --output, not the last two alone")
      ->needs(output);
  command
      ->add_option("--data-root", train.data_roots,
                   "read no file that the configuration names but beneath this folder; may be repeated, and '' is none "
                   "[what this user can read]")
      ->type_name("DIR")
      ->allow_extra_args(false);
  AddCache(command, train.cache);
  AddShare(command, train.share);
}

void AddEvaluate(CLI::App* command, ofsweep::EvaluateCommand& evaluate) {
  AddConfig(command, evaluate.config)->required();
  CLI::Option* checkpoint =
      command->add_option("--checkpoint", evaluate.checkpoint, "a safetensors file with the trial's parameters");
  command->add_flag("--int8", evaluate.int8,
                    "also after int8 quantisation: of all, with every quantiser's range, of the weights and "
                    "of the activations alone");
  command
      ->add_option("--bits", evaluate.bits,
                   "also after rounding weights to X and activations to Y bits: wXaY, divided by commas [evaluate.bits "
                   "of the configuration]")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_flag("--sensitivity", evaluate.sensitivity,
                    "also with each tensor alone rounded so, and which hurts most");
  command
      ->add_flag("--as-trained", evaluate.as_trained,
                 "refuse a checkpoint of another trial, or tokens other than those it was trained on")
      ->needs(checkpoint);
  AddCache(command, evaluate.cache);
  AddShare(command, evaluate.share);
}

}  // namespace

int main(int argc, char** argv) {
  KeepFreedMemory();
  CLI::App app{"Trains one trial of a sweep and prints its events, one JSON object a line, on standard output."};
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", ofsweep::VersionText("ofsweep-trainer"), "version and source revision");
  app.footer(
      "Exit status: 0 done or diverged, 1 failed (the last line says why), 2 wrong usage or an invalid trial.json.");
  std::function<int()> run;

  ofsweep::TrainCommand train{.revision = std::string(ofsweep::BuildRevision())};
  AddTrain(&app, train);
  CLI::App* train_command = app.add_subcommand("train", "train a trial (the default command)");
  AddTrain(train_command, train);

  ofsweep::PrepareCommand prepare;
  CLI::App* prepare_command = app.add_subcommand("prepare", "tokenise the trial's corpus and say where it is");
  AddConfig(prepare_command, prepare.config)->required();
  AddCache(prepare_command, prepare.cache);
  prepare_command->callback([&] { run = [&] { return ofsweep::RunPrepare(prepare); }; });

  ofsweep::EvaluateCommand evaluate;
  CLI::App* evaluate_command =
      app.add_subcommand("evaluate", "print the validation loss of a checkpoint, or of the initial weights");
  AddEvaluate(evaluate_command, evaluate);
  evaluate_command->callback([&] { run = [&] { return ofsweep::RunEvaluate(evaluate); }; });

  ofsweep::MeasureCommand measure;
  CLI::App* measure_command =
      app.add_subcommand("measure", "print every statistic of every matrix [tokens, width] in a file");
  measure_command->add_option("FILE", measure.file, "a safetensors file")->required();
  measure_command->callback([&] { run = [&] { return ofsweep::RunMeasure(measure); }; });

  ofsweep::TimeCommand time;
  CLI::App* time_command = app.add_subcommand("time", "measure a few steps on random tokens: time and peak memory");
  AddConfig(time_command, time.config)->required();
  time_command->add_option("--rows", time.rows, "sequences in a pass [as many as take a fraction of a second]")
      ->check(Within(ofsweep::kPositiveWhole));
  time_command->add_option("--limit", time.limit, "give up (by SIGALRM) after so many seconds [never]");
  AddShare(time_command, time.share);
  time_command->callback([&] { run = [&] { return ofsweep::RunTime(time); }; });

  try {
    app.parse(argc, argv);
    if (!run && train.config.empty()) throw CLI::RequiredError("--config");
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return run ? run() : ofsweep::RunTrain(train);
}
