#include "storage/reader_pool.h"

#include <stdexcept>
#include <utility>

namespace ofsweep {
namespace {

// Reads are short and use the processor; more at once would only cost memory.
constexpr int kMaxLent = 4;

}  // namespace

bool ReaderPool::HasOneToLend() const {
  return lent_ < kMaxLent;
}

ReaderPool::Lease::Lease(ReaderPool& pool) : pool_(pool) {
  const absl::MutexLock lock(&pool_.mutex_, absl::Condition(&pool_, &ReaderPool::HasOneToLend));
  ++pool_.lent_;
  if (pool_.free_.empty()) return;
  connection_ = std::move(pool_.free_.back());
  pool_.free_.pop_back();
}

ReaderPool::Lease::~Lease() {
  const absl::MutexLock lock(&pool_.mutex_);
  --pool_.lent_;
  if (connection_ != nullptr) pool_.free_.push_back(std::move(connection_));
}

DatabaseConnection& ReaderPool::Lease::Get() {
  if (connection_ == nullptr) {
    if (IdentityOf(pool_.path_) != pool_.file_) throw std::runtime_error("the database was deleted or replaced");
    connection_ = std::make_unique<DatabaseConnection>(pool_.path_, DatabaseConnection::Mode::kReader);
  }
  return *connection_;
}

}  // namespace ofsweep
