#include "cli/figure_files.h"

#include <filesystem>
#include <map>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "cli/files.h"
#include "cli/program.h"
#include "storage/database_draft.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

struct FigureFile {
  fs::path path;
  std::string bytes;

  fs::path Draft() const { return DraftOf(path.string()); }
};

absl::Status Refuse(const std::string& path, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("--out: ", path, " ", why));
}

absl::Status Replace(const FigureFile& file) {
  std::error_code error;
  fs::rename(file.Draft(), file.path, error);
  if (!error) return absl::OkStatus();
  return Refuse(file.path.string(), absl::StrCat("cannot be replaced: ", error.message()));
}

absl::Status WriteAll(const std::vector<FigureFile>& files) {
  for (const FigureFile& file : files) {
    if (fs::is_directory(file.path)) return Refuse(file.path.string(), "is a folder; give the figure another name");
    if (absl::Status written = WriteText(file.Draft(), file.bytes); !written.ok()) return written;
  }
  for (const FigureFile& file : files) {
    if (absl::Status replaced = Replace(file); !replaced.ok()) return replaced;
  }
  return absl::OkStatus();
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
  std::vector<FigureFile> files;
  const auto add = [&files](const fs::path& path, const Scene& scene, FigureFormat format) -> absl::Status {
    auto bytes = Render(scene, format);
    if (bytes.ok()) files.push_back({path, std::move(*bytes)});
    return bytes.status();
  };
  for (const NamedScene& figure : figures) {
    const fs::path path = target.is_folder ? fs::path(target.path) / figure.name : fs::path(target.path);
    if (!target.is_folder) {
      if (absl::Status added = add(path, figure.scene, target.format); !added.ok()) return added;
      continue;
    }
    for (const auto& [ending, format] :
         {std::pair(".svg", FigureFormat::kSvg), std::pair(".pdf", FigureFormat::kPdf)}) {
      if (absl::Status added = add(path.string() + ending, figure.scene, format); !added.ok()) return added;
    }
  }
  const fs::path folder = target.is_folder ? fs::path(target.path) : fs::absolute(target.path).parent_path();
  if (absl::Status made = MakeNamedFolder("--out", folder.string()); !made.ok()) return made;
  const absl::Status written = WriteAll(files);
  std::vector<std::string> paths;
  for (const FigureFile& file : files) {
    std::error_code ignored;
    if (!written.ok()) fs::remove(file.Draft(), ignored);
    paths.push_back(file.path.string());
  }
  if (!written.ok()) return written;
  return paths;
}

}  // namespace ofsweep
