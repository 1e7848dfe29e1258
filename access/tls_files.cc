#include "access/tls_files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace ofsweep {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

absl::StatusOr<File> Open(const std::string& path) {
  File file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (file != nullptr) return file;
  const std::string text = absl::StrCat(path, " cannot be read: ", std::strerror(errno));
  return errno == ENOENT ? absl::NotFoundError(text) : absl::PermissionDeniedError(text);
}

absl::StatusOr<Certificate> ReadCertificate(const std::string& path) {
  absl::StatusOr<File> file = Open(path);
  if (!file.ok()) return file.status();
  Certificate certificate(PEM_read_X509(file->get(), nullptr, nullptr, nullptr), &X509_free);
  ERR_clear_error();
  if (certificate != nullptr) return certificate;
  return absl::InvalidArgumentError(absl::StrCat(path, " holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"));
}

absl::StatusOr<Key> ReadKey(const std::string& path) {
  absl::StatusOr<File> file = Open(path);
  if (!file.ok()) return file.status();
  // Of an encrypted key nobody is asked for the password: a service has no terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  Key key(PEM_read_PrivateKey(file->get(), nullptr, no_password, nullptr), &EVP_PKEY_free);
  ERR_clear_error();
  if (key != nullptr) return key;
  return absl::InvalidArgumentError(
      absl::StrCat(path, " holds no private key in PEM that can be read without a password"));
}

std::string Date(const ASN1_TIME* time) {
  std::tm fields{};
  ASN1_TIME_to_tm(time, &fields);
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromTM(fields, absl::UTCTimeZone()), absl::UTCTimeZone());
}

absl::Status CheckDates(const X509* certificate, const std::string& path, TimeMs now) {
  std::time_t seconds = now / 1000;
  const std::string clock =
      absl::StrCat(" (this machine's clock says ",
                   absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromUnixMillis(now), absl::UTCTimeZone()), ")");
  if (X509_cmp_time(X509_get0_notAfter(certificate), &seconds) < 0) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": the certificate has expired on ",
                                                      Date(X509_get0_notAfter(certificate)),
                                                      "; put a new one in its place", clock));
  }
  if (X509_cmp_time(X509_get0_notBefore(certificate), &seconds) > 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": the certificate is not valid before ", Date(X509_get0_notBefore(certificate)), clock));
  }
  return absl::OkStatus();
}

absl::Status CheckPair(const TlsFiles& files, TimeMs now) {
  const absl::StatusOr<Certificate> certificate = ReadCertificate(files.certificate);
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<Key> key = ReadKey(files.key);
  if (!key.ok()) return key.status();
  const bool fits = X509_check_private_key(certificate->get(), key->get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return absl::InvalidArgumentError(absl::StrCat(files.key, " is not the key of ", files.certificate));
  }
  return CheckDates(certificate->get(), files.certificate, now);
}

}  // namespace

absl::Status CheckTlsFiles(const TlsFiles& files, TimeMs now) {
  if (files.certificate.empty() != files.key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key belong together: give both, or neither");
  }
  if (!files.certificate.empty()) {
    if (absl::Status pair = CheckPair(files, now); !pair.ok()) return pair;
  }
  if (files.authorities.empty()) return absl::OkStatus();
  return ReadCertificate(files.authorities).status();
}

}  // namespace ofsweep
