#include "experiment/trainer_event.h"

#include <array>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

using Json = nlohmann::ordered_json;

Json NumberToJson(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return number;
}

// Throws Json::exception for anything that is no number, as the other readers here do.
double NumberFromJson(const Json& json) {
  if (json.is_string()) {
    const std::string& text = json.get_ref<const std::string&>();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  }
  return json.get<double>();
}

Json ToJson(const StartedEvent& event) {
  return {{"event", "started"},
          {"parameters", event.parameters},
          {"device", event.device},
          {"tokens_per_step", event.tokens_per_step},
          {"config_hash", event.config_hash},
          {"resumed_from", event.resumed_from ? Json(*event.resumed_from) : Json()},
          {"left_out", event.left_out},
          {"revision", event.revision},
          {"config", event.config}};
}

Json ToJson(const MetricPoint& point) {
  const Series& series = point.series;
  return Json::array({series.metric, series.layer ? Json(*series.layer) : Json(),
                      series.site.empty() ? Json() : Json(series.site), NumberToJson(point.value)});
}

Json ToJson(const PointsEvent& event) {
  Json points = Json::array();
  for (const MetricPoint& point : event.points.points) points.push_back(ToJson(point));
  Json json = {{"event", "points"},
               {"step", event.points.step},
               {"tokens", event.points.tokens},
               {"seconds", event.points.seconds},
               {"points", std::move(points)}};
  for (const PhaseTime& phase : event.phases) {
    json["phases"][std::string(Name(phase.phase))] = Json::array({phase.times, phase.seconds});
  }
  return json;
}

Json ToJson(const QuantizerEvent& event) {
  Json json = {{"event", "quantizer"}, {"step", event.step}};
  json.update(event.fields);
  for (Json& field : json) {
    if (field.is_number_float()) field = NumberToJson(field.get<double>());
  }
  return json;
}

Json ToJson(const SensitivityEvent& event) {
  return {{"event", "sensitivity"},
          {"step", event.step},
          {"bits", event.bits},
          {"place", event.place},
          {"loss", NumberToJson(event.loss)},
          {"perplexity", NumberToJson(event.perplexity)},
          {"increase", NumberToJson(event.increase)}};
}

Json ToJson(const SensitivityRankingEvent& event) {
  Json increases = Json::array();
  for (const auto& [place, increase] : event.increases) {
    increases.push_back(Json::array({place, NumberToJson(increase)}));
  }
  return {{"event", "sensitivity_ranking"},
          {"step", event.step},
          {"bits", event.bits},
          {"full_precision_perplexity", NumberToJson(event.full_precision_perplexity)},
          {"increases", std::move(increases)}};
}

Json ToJson(const CheckpointEvent& event) {
  return {{"event", "checkpoint"}, {"step", event.step}, {"path", event.path}};
}

Json ToJson(const AttemptEnd& end) {
  if (end.outcome == AttemptOutcome::kFailed) {
    return {{"event", "failed"}, {"class", Name(end.failure)}, {"message", end.message}};
  }
  Json json = {{"event", "finished"}, {"outcome", Name(end.outcome)}, {"step", end.step}};
  if (!end.message.empty()) json["reason"] = end.message;
  return json;
}

MetricPoint PointFromJson(const Json& json) {
  MetricPoint point;
  point.series.metric = json.at(0).get<std::string>();
  if (!json.at(1).is_null()) point.series.layer = json.at(1).get<int>();
  if (!json.at(2).is_null()) point.series.site = json.at(2).get<std::string>();
  point.value = NumberFromJson(json.at(3));
  return point;
}

StartedEvent StartedFromJson(const Json& json) {
  StartedEvent event;
  event.parameters = json.at("parameters").get<std::int64_t>();
  event.device = json.at("device").get<std::string>();
  event.tokens_per_step = json.at("tokens_per_step").get<std::int64_t>();
  event.config_hash = json.at("config_hash").get<std::string>();
  if (!json.at("resumed_from").is_null()) event.resumed_from = json.at("resumed_from").get<std::int64_t>();
  if (json.contains("left_out")) event.left_out = json.at("left_out").get<LeftOutFiles>();
  event.revision = json.value("revision", "");
  event.config = json.at("config");
  return event;
}

PointsEvent PointsFromJson(const Json& json) {
  PointsEvent event;
  event.points.step = json.at("step").get<std::int64_t>();
  event.points.tokens = json.at("tokens").get<std::int64_t>();
  event.points.seconds = NumberFromJson(json.at("seconds"));
  for (const Json& point : json.at("points")) event.points.points.push_back(PointFromJson(point));
  if (!json.contains("phases")) return event;
  const Json& phases = json.at("phases");
  for (const TrainerPhase phase : kTrainerPhases) {
    const auto time = phases.find(Name(phase));
    if (time == phases.end()) continue;
    event.phases.push_back({phase, time->at(0).get<std::int64_t>(), NumberFromJson(time->at(1))});
  }
  return event;
}

SensitivityEvent SensitivityFromJson(const Json& json) {
  return {.step = json.at("step").get<std::int64_t>(),
          .bits = json.at("bits").get<std::string>(),
          .place = json.at("place").get<std::string>(),
          .loss = NumberFromJson(json.at("loss")),
          .perplexity = NumberFromJson(json.at("perplexity")),
          .increase = NumberFromJson(json.at("increase"))};
}

SensitivityRankingEvent SensitivityRankingFromJson(const Json& json) {
  SensitivityRankingEvent event{.step = json.at("step").get<std::int64_t>(),
                                .bits = json.at("bits").get<std::string>(),
                                .full_precision_perplexity = NumberFromJson(json.at("full_precision_perplexity"))};
  for (const Json& pair : json.at("increases")) {
    event.increases.emplace_back(pair.at(0).get<std::string>(), NumberFromJson(pair.at(1)));
  }
  return event;
}

absl::StatusOr<TrainerEvent> EventFromJson(Json json) {
  const std::string kind = json.at("event").get<std::string>();
  if (kind == "started") return StartedFromJson(json);
  if (kind == "points") return PointsFromJson(json);
  if (kind == "checkpoint") {
    return CheckpointEvent{json.at("step").get<std::int64_t>(), json.at("path").get<std::string>()};
  }
  if (kind == "quantizer") {
    QuantizerEvent event{.step = json.at("step").get<std::int64_t>()};
    for (const char* other : {"event", "step", "line", "crc32"}) json.erase(other);
    event.fields = std::move(json);
    return event;
  }
  if (kind == "sensitivity") return SensitivityFromJson(json);
  if (kind == "sensitivity_ranking") return SensitivityRankingFromJson(json);
  if (kind == "finished") {
    const auto outcome = ParseAttemptOutcome(json.at("outcome").get<std::string>());
    if (outcome != AttemptOutcome::kCompleted && outcome != AttemptOutcome::kDiverged) {
      return absl::InvalidArgumentError("a finished event's outcome is completed or diverged");
    }
    return AttemptEnd{
        .outcome = *outcome, .message = json.value("reason", ""), .step = json.at("step").get<std::int64_t>()};
  }
  if (kind == "failed") {
    const auto failure = ParseTrainerFailure(json.at("class").get<std::string>());
    if (!failure)
      return absl::InvalidArgumentError(absl::StrCat("a failed event's class is ", std::string(kTrainerFailures)));
    return Failed(*failure, json.at("message").get<std::string>());
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown event ", Quoted(kind)));
}

}  // namespace

std::string ToText(const LeftOutFiles& left_out) {
  return absl::StrJoin(left_out, ", ", [](std::string* out, const LeftOutFiles::value_type& reason) {
    absl::StrAppend(out, reason.second, " ", reason.first);
  });
}

std::string_view Name(TrainerPhase phase) {
  constexpr std::array<std::string_view, kTrainerPhases.size()> kNames = {"train", "measure", "evaluate", "checkpoint"};
  return kNames[static_cast<std::size_t>(phase)];
}

std::string ToJsonLine(const TrainerEvent& event) {
  const Json json = std::visit([](const auto& typed) { return ToJson(typed); }, event);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<TrainerEvent> ParseTrainerEvent(std::string_view line) {
  try {
    return EventFromJson(Json::parse(line));
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("no trainer event: ", error.what()));
  }
}

}  // namespace ofsweep
