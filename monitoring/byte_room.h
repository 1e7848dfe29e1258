#pragma once

#include <atomic>
#include <cstddef>

namespace ofsweep {

// How many bytes all holders together may have. Small shares are not counted, so that whoever fills the room shuts out
// nobody who needs little.
class ByteRoom {
 public:
  static constexpr std::size_t kUncounted = std::size_t{64} << 10;

  explicit ByteRoom(std::size_t bytes) : bytes_(bytes) {}

  // What one holder has; given back with the object.
  class Share {
   public:
    explicit Share(ByteRoom& room) : room_(room) {}
    ~Share() { room_.taken_ -= taken_; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // False where there is no room for so many; then the share stays as it was.
    bool GrowTo(std::size_t bytes) {
      if (bytes <= kUncounted || bytes <= taken_) return true;
      const std::size_t more = bytes - taken_;
      if (room_.taken_.fetch_add(more) + more > room_.bytes_) {
        room_.taken_ -= more;
        return false;
      }
      taken_ = bytes;
      return true;
    }

   private:
    ByteRoom& room_;
    std::size_t taken_ = 0;
  };

 private:
  const std::size_t bytes_;
  std::atomic<std::size_t> taken_ = 0;
};

}  // namespace ofsweep
