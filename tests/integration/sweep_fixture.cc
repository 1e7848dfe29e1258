#include "tests/integration/sweep_fixture.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>

#include <SQLiteCpp/SQLiteCpp.h>

namespace ofsweep {
namespace {

// Tokens that a model can learn something from: each follows from its predecessor, with some noise.
void WriteTokens(const std::filesystem::path& path) {
  std::mt19937 random(7);
  std::ofstream file(path, std::ios::binary);
  unsigned token = 1;
  for (int i = 0; i < 20'000; ++i) {
    token = random() % 4 == 0 ? random() % 300 : (token * 7 + 3) % 300;
    const char bytes[] = {static_cast<char>(token & 0xFF), static_cast<char>(token >> 8)};
    file.write(bytes, 2);
  }
}

// The word behind " NAME " in a line such as "ofsweep coordinator: grpc 127.0.0.1:7070 http …".
std::string WordAfter(const std::string& line, const std::string& name) {
  const std::size_t at = line.find(" " + name + " ");
  if (at == std::string::npos) return "";
  std::string word;
  std::istringstream(line.substr(at + name.size() + 2)) >> word;
  return word;
}

}  // namespace

SweepFixture::SweepFixture() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string("ofsweep-") + test->name() + "-XXXXXX";
  for (char& c : name) c = c == '/' ? '-' : c;
  std::string path = (std::filesystem::path(testing::TempDir()) / name).string();
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp " + path);
  folder_ = path;
  WriteTokens(folder_ / "tokens.bin");
}

SweepFixture::~SweepFixture() {
  worker_.reset();
  coordinator_.reset();
  std::error_code ignored;
  if (!HasFailure()) std::filesystem::remove_all(folder_, ignored);
}

std::string SweepFixture::WriteSpec(const TinySweep& sweep) const {
  const std::string path = Path(sweep.name + ".yaml");
  std::ofstream(path) << "name: " << sweep.name << "\n"
                      << "trial:\n"
                      << "  model: {layers: 2, width: 32, heads: 2, context: 16, vocabulary: 300}\n"
                      << "  data.source: tokens\n"
                      << "  train: {steps: " << sweep.steps
                      << ", batch_size: 4, device: cpu, threads: 1, checkpoint_every: " << sweep.checkpoint_every
                      << "}\n"
                      << "  measure: {every: " << sweep.measure_every << "}\n"
                      << "  evaluate: {int8: false}\n"
                      << (sweep.corpus.empty() ? "" : "  " + sweep.corpus + "\n") << "grid: " << sweep.grid << "\n";
  return path;
}

Finished SweepFixture::Ofsweep(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), kOfsweep);
  return RunToEnd(std::move(arguments));
}

void SweepFixture::StartCoordinator() {
  coordinator_ = std::make_unique<Process>(
      std::vector<std::string>{kOfsweep, "coordinator", "--data-dir", Path("data"), "--grpc", grpc_, "--http", http_});
  ASSERT_TRUE(coordinator_->WaitForOut("\n")) << coordinator_->Err();
  grpc_ = WordAfter(coordinator_->Out(), "grpc");
  http_ = WordAfter(coordinator_->Out(), "http");
}

void SweepFixture::StartWorker(const std::string& data_root) {
  worker_ = std::make_unique<Process>(std::vector<std::string>{kOfsweep, "worker", "--coordinator", grpc_, "--data-dir",
                                                               Path("worker"), "--data-root", data_root, "--slots", "2",
                                                               "--http", "127.0.0.1:0"});
  ASSERT_TRUE(worker_->WaitForOut("\n")) << worker_->Err();
}

Finished SweepFixture::Command(std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"--coordinator", grpc_});
  return Ofsweep(std::move(arguments));
}

nlohmann::json SweepFixture::Show(const std::string& sweep) const {
  const Finished shown = Command({"show", sweep, "--json"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  return shown.exit_code == 0 ? nlohmann::json::parse(shown.out)["sweep"] : nlohmann::json::object();
}

std::vector<std::string> StoredCurves(const std::string& database) {
  SQLite::Database db(database, SQLite::OPEN_READONLY, 10'000);
  SQLite::Statement query(
      db,
      "SELECT trial_id, metric, ifnull(layer, -1), ifnull(site, ''), step, "
      "ifnull(printf('%!.17g', value), 'NaN') FROM curves WHERE metric NOT IN ('tokens_per_second', 'seconds') "
      "ORDER BY 1, 2, 3, 4, 5");
  std::vector<std::string> rows;
  while (query.executeStep()) {
    std::string row;
    for (int column = 0; column < query.getColumnCount(); ++column) row += query.getColumn(column).getString() + " ";
    rows.push_back(row);
  }
  return rows;
}

long CountPoints(const std::string& database) {
  if (!std::filesystem::exists(database)) return 0;
  try {
    SQLite::Database db(database, SQLite::OPEN_READONLY, 10'000);
    return db.execAndGet("SELECT count(*) FROM curves").getInt();
  } catch (const SQLite::Exception&) {
    return 0;  // the coordinator is just making it, or was killed while it did
  }
}

}  // namespace ofsweep
