#include "cli/completion.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "experiment/metric_table.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

using Candidates = std::vector<std::string>;

// Asks for the words as they stand before the cursor, whatever the shell takes for the end of a word.
constexpr const char* kBash = R"(# ofsweep: completion for bash
_ofsweep() {
  local line=${COMP_LINE:0:COMP_POINT} words current
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=${words[-1]}
  mapfile -t COMPREPLY < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
  # Where bash has divided the word at : or =, it replaces the last part alone.
  local kept=${current%"${COMP_WORDS[COMP_CWORD]}"}
  [[ ${COMP_WORDS[COMP_CWORD]} == [=:] ]] && kept=$current
  [[ -n $kept ]] && COMPREPLY=("${COMPREPLY[@]#"$kept"}")
  return 0
}
complete -o default -F _ofsweep ofsweep
)";

constexpr const char* kZsh = R"(#compdef ofsweep
# ofsweep: completion for zsh
_ofsweep() {
  local -a candidates open closed
  candidates=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=("${(@)candidates:#}")
  (( ${#candidates} )) || { _files; return }
  open=("${(@M)candidates:#*=}")
  closed=("${(@)candidates:#*=}")
  (( ${#open} )) && compadd -S '' -a open
  (( ${#closed} )) && compadd -a closed
  return 0
}
if [[ $funcstack[1] == _ofsweep ]]; then _ofsweep "$@"; else compdef _ofsweep ofsweep; fi
)";

constexpr const char* kFish = R"(# ofsweep: completion for fish
function __ofsweep_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    $words[1] __complete $words[2..-1] "$current" 2>/dev/null
end
complete -c ofsweep -a '(__ofsweep_complete)'
)";

bool IsShown(const CLI::Option& option) {
  return !option.get_group().empty();
}

bool TakesValue(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

Candidates TrialKeyNames(const char* behind) {
  Candidates names;
  for (const TrialKey& key : TrialKeys()) names.push_back(absl::StrCat(std::string(key.name), behind));
  return names;
}

Candidates MetricNames() {
  Candidates names;
  for (const Metric& metric : Metrics()) {
    // A rounding's names are as many as there are roundings.
    if (metric.name.find('{') == std::string_view::npos) names.emplace_back(metric.name);
  }
  return names;
}

Candidates SiteNames() {
  Candidates names;
  for (const Site& site : kSites) names.emplace_back(site.name);
  return names;
}

// Of an option that takes one of several names, these: CLI11 shows them as "TEXT:{a,b}" behind it.
Candidates ChoicesIn(const std::string& type_name) {
  const std::size_t open = type_name.find('{');
  const std::size_t close = type_name.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return absl::StrSplit(type_name.substr(open + 1, close - open - 1), ',');
}

// By what its help calls the value of an option or of a positional.
Candidates ValuesOf(const CLI::Option& option, const SweepNames& sweeps, const ConnectionOptions& where) {
  const std::string type = option.get_type_name();
  if (option.get_name() == "SWEEP") return sweeps(where);
  if (type.starts_with("KEY=VALUE")) return TrialKeyNames("=");
  if (type.starts_with("KEY")) return TrialKeyNames("");
  if (type.starts_with("METRIC")) return MetricNames();
  if (type.starts_with("SITE")) return SiteNames();
  return ChoicesIn(type);
}

// Where the words before the last one lead.
class Reader {
 public:
  explicit Reader(const CLI::App& app) : app_(app), command_(&app) {}

  void Read(const std::string& word) {
    if (pending_ != nullptr) {
      Note(word);
      pending_ = nullptr;
      return;
    }
    if (word.starts_with('-')) {
      const CLI::Option* option = Find(word);
      if (option != nullptr && TakesValue(*option)) pending_ = option;
      return;
    }
    for (const CLI::App* sub : command_->get_subcommands([](const CLI::App*) { return true; })) {
      if (sub->get_name() != word) continue;
      command_ = sub;
      positionals_ = 0;
      return;
    }
    ++positionals_;
  }

  Candidates Next(const std::string& last, const SweepNames& sweeps) const {
    if (pending_ != nullptr) return ValuesOf(*pending_, sweeps, where_);
    Candidates candidates;
    if (last.starts_with('-')) {
      AddOptions(*command_, candidates);
      if (command_ != &app_) AddOptions(app_, candidates);
      return candidates;
    }
    for (const CLI::App* sub : command_->get_subcommands([](const CLI::App*) { return true; })) {
      candidates.push_back(sub->get_name());
    }
    if (const CLI::Option* positional = Positional()) return ValuesOf(*positional, sweeps, where_);
    return candidates;
  }

  bool IsList() const { return pending_ != nullptr && pending_->get_delimiter() == ','; }

 private:
  void Note(const std::string& value) {
    if (pending_->check_lname("coordinator")) where_.coordinator = value;
    if (pending_->check_lname("data-dir")) where_.data_dir = value;
  }

  const CLI::Option* Find(const std::string& word) const {
    const CLI::Option* option = command_->get_option_no_throw(word);
    return option != nullptr ? option : app_.get_option_no_throw(word);
  }

  const CLI::Option* Positional() const {
    std::size_t place = 0;
    for (const CLI::Option* option : command_->get_options()) {
      if (option->get_positional() && place++ == positionals_) return option;
    }
    return nullptr;
  }

  static void AddOptions(const CLI::App& app, Candidates& candidates) {
    for (const CLI::Option* option : app.get_options()) {
      if (!IsShown(*option)) continue;
      for (const std::string& name : option->get_lnames()) candidates.push_back("--" + name);
    }
  }

  const CLI::App& app_;
  const CLI::App* command_;
  const CLI::Option* pending_ = nullptr;  // whose value comes next
  std::size_t positionals_ = 0;
  ConnectionOptions where_;
};

}  // namespace

absl::StatusOr<std::string> CompletionScript(const std::string& shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  if (shell == "fish") return std::string(kFish);
  return absl::InvalidArgumentError(absl::StrCat("no completion for ", shell));
}

std::vector<std::string> AskForSweepNames(const ConnectionOptions& where) {
  const auto connection = Connection::Open(where);
  if (!connection.ok()) return {};
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
  v1::ListSweepsRequest request;
  request.set_page_size(1000);
  v1::ListSweepsResponse response;
  if (!connection->stub().ListSweeps(&context, request, &response).ok()) return {};
  std::vector<std::string> names;
  for (const v1::Sweep& sweep : response.sweeps()) names.push_back(sweep.name());
  return names;
}

std::vector<std::string> Complete(const CLI::App& app, const std::vector<std::string>& words,
                                  const SweepNames& sweeps) {
  Reader reader(app);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) reader.Read(words[i]);
  const std::string last = words.empty() ? "" : words.back();
  // Of a list, its last value.
  const std::size_t comma = reader.IsList() ? last.rfind(',') : std::string::npos;
  const std::string kept = comma == std::string::npos ? "" : last.substr(0, comma + 1);
  std::vector<std::string> matching;
  for (const std::string& candidate : reader.Next(last, sweeps)) {
    if (std::string whole = kept + candidate; whole.starts_with(last)) matching.push_back(std::move(whole));
  }
  return matching;
}

}  // namespace ofsweep
