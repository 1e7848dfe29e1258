#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace ofsweep {

// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();

  void Update(const void* data, std::size_t size);
  void Update(std::string_view text) { Update(text.data(), text.size()); }

  // 64 hexadecimal digits. Call once, last.
  std::string Hex();

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string Sha256Hex(std::string_view text);

}  // namespace ofsweep
