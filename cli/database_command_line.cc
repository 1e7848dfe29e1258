#include "cli/database_command_line.h"

#include <map>
#include <memory>
#include <utility>

#include "cli/option_values.h"

namespace ofsweep {
namespace {

const std::map<std::string, ExportFormat> kExportFormats = {{"csv", ExportFormat::kCsv},
                                                            {"jsonl", ExportFormat::kJsonl}};

class DatabaseCommands {
 public:
  DatabaseCommands(CLI::App& app, Streams streams, Action& action)
      : db_(app.add_subcommand("db", "the database")->require_subcommand(1)), streams_(streams), action_(action) {}

  void AddCheck() {
    const auto [check, options] = Add("check", "looks whether it is whole, while sweeps run too", DbCheck);
    AddDatabase(check, options->data_dir);
  }

  void AddCompact() {
    const auto [compact, options] =
        Add("compact", "gives back the space of what was deleted, while no coordinator runs", DbCompact);
    AddDatabase(compact, options->data_dir);
  }

  void AddBackup() {
    const auto [backup, options] =
        Add("backup", "copies it, while sweeps run too, for readers on other machines", DbBackup);
    AddDatabase(backup, options->data_dir);
    backup->add_option("--to", options->to, "the copy: a file, replaced as a whole")->required();
    backup
        ->add_option("--every", options->every_seconds,
                     "again after so long (30s, 5m, 1h) where something changed, until stopped")
        ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}}))
        ->check(Within({.minimum = 0.1, .maximum = 1e7}));
  }

  void AddMerge() {
    const auto [merge, options] =
        Add("merge", "brings the sweeps of other databases into one, while no coordinator runs on it", DbMerge);
    merge->add_option("FROM", options->from, "folders or files with a database; only read")->required();
    merge
        ->add_option("--into", options->into,
                     "the folder, or database file (NAME.db, .sqlite or .sqlite3), that gets them; made when missing")
        ->required();
    merge
        ->add_option("--rename", options->rename,
                     "another name for a sweep of FROM, where there is another one of its name; may be repeated")
        ->type_name("SWEEP=NAME")
        ->allow_extra_args(false);
  }

  void AddExport() {
    const auto [exported, options] =
        Add("export", "writes its views into files, one each, while sweeps run too", DbExport);
    exported->add_option("SWEEP", options->sweeps, "only these (default: all)");
    exported->add_option("--to", options->to, "the folder of the files, each replaced as a whole")->required();
    exported->add_option("--format", options->format, "how to write them (default: csv)")
        ->transform(Names(kExportFormats));
    AddDatabase(exported, options->data_dir);
  }

 private:
  // A command with its options' struct, which lives as long as the command.
  template <class Options>
  std::pair<CLI::App*, std::shared_ptr<Options>> Add(const char* name, const char* help,
                                                     absl::Status (*command)(const Options&, Streams)) {
    CLI::App* sub = db_->add_subcommand(name, help);
    auto options = std::make_shared<Options>();
    sub->callback([&action = action_, streams = streams_, options, command] {
      action = [streams, options, command] { return command(*options, streams); };
    });
    return {sub, options};
  }

  static void AddDatabase(CLI::App* command, std::string& data_dir) {
    command
        ->add_option("--data-dir", data_dir,
                     "the coordinator's folder, which holds ofsweep.db; or a database file, such as a copy")
        ->capture_default_str();
  }

  CLI::App* const db_;
  const Streams streams_;
  Action& action_;
};

}  // namespace

void AddDatabaseCommands(CLI::App& app, Streams streams, Action& action) {
  DatabaseCommands commands(app, streams, action);
  commands.AddCheck();
  commands.AddBackup();
  commands.AddCompact();
  commands.AddMerge();
  commands.AddExport();
}

}  // namespace ofsweep
