#include "cli/figure_files.h"

#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/files.h"
#include "storage/file_draft.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

absl::Status Refuse(const std::string& path, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("--out: ", path, " ", why));
}

absl::StatusOr<std::unique_ptr<FileDraft>> Draw(const std::string& path, const Scene& scene, FigureFormat format) {
  if (fs::is_directory(path)) return Refuse(path, "is a folder; give the figure another name");
  const auto bytes = Render(scene, format);
  if (!bytes.ok()) return bytes.status();
  auto draft = FileDraft::Begin(path, ", or give another --out");
  if (!draft.ok()) return draft.status();
  if (absl::Status written = (*draft)->Append(*bytes); !written.ok()) return written;
  return draft;
}

}  // namespace

absl::StatusOr<FigureTarget> ParseFigureTarget(const std::string& out) {
  static const std::map<std::string, FigureFormat> kFormats = {
      {".svg", FigureFormat::kSvg}, {".pdf", FigureFormat::kPdf}, {".png", FigureFormat::kPng}};
  if (out.empty()) return absl::InvalidArgumentError("--out: is empty; name a folder, or a file that ends in .svg");
  const fs::path path(out);
  std::error_code error;
  if (path.extension().empty() || fs::is_directory(path, error)) return FigureTarget{.path = out};
  const auto format = kFormats.find(path.extension().string());
  if (format == kFormats.end()) {
    return Refuse(out,
                  "is no folder, and a figure is written as .svg, .pdf or .png; of a new folder of that name write "
                  "a / behind it");
  }
  return FigureTarget{.path = out, .is_folder = false, .format = format->second};
}

absl::StatusOr<std::vector<std::string>> WriteFigures(const FigureTarget& target,
                                                      const std::vector<NamedScene>& figures) {
  const fs::path path(target.path);
  const fs::path folder = target.is_folder ? path : fs::absolute(path).parent_path();
  if (absl::Status made = MakeNamedFolder("--out", folder.string()); !made.ok()) return made;
  std::vector<std::unique_ptr<FileDraft>> drafts;
  const auto draw = [&drafts](const fs::path& file, const Scene& scene, FigureFormat format) -> absl::Status {
    auto draft = Draw(file.string(), scene, format);
    if (!draft.ok()) return draft.status();
    drafts.push_back(*std::move(draft));
    return absl::OkStatus();
  };
  for (const NamedScene& figure : figures) {
    absl::Status drawn = target.is_folder ? draw(path / (figure.name + ".svg"), figure.scene, FigureFormat::kSvg)
                                          : draw(path, figure.scene, target.format);
    if (drawn.ok() && target.is_folder) drawn = draw(path / (figure.name + ".pdf"), figure.scene, FigureFormat::kPdf);
    if (!drawn.ok()) return drawn;
  }
  std::vector<std::string> paths;
  for (const auto& draft : drafts) {
    if (absl::Status placed = draft->TakePlace(); !placed.ok()) return placed;
    paths.push_back(draft->target());
  }
  return paths;
}

}  // namespace ofsweep
