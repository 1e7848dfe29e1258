#include "tests/access/certificates.h"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <utility>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace ofsweep {
namespace {

constexpr long kDay = 24 * 3600;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

void Require(bool done) {
  if (!done) throw std::runtime_error("OpenSSL makes no certificate for the test");
}

File Open(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode), &std::fclose);
  Require(file != nullptr);
  return file;
}

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), &X509_EXTENSION_free);
  Require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

Certificate Unsigned(const std::string& name, EVP_PKEY* key, int from_day, int until_day) {
  static long serial = 0;
  Certificate certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from_day * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), until_day * kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

void Write(const std::string& path, X509* certificate, EVP_PKEY* key) {
  Require(PEM_write_X509(Open(path + ".pem", "w").get(), certificate) == 1);
  Require(PEM_write_PrivateKey(Open(path + ".key", "w").get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
}

}  // namespace

Certificates::Certificates(std::filesystem::path folder) : folder_(std::move(folder)) {
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate authority = Unsigned("test authority", key.get(), -1000, 1000);
  X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
  AddExtension(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE");
  Require(X509_sign(authority.get(), key.get(), EVP_sha256()) > 0);
  Write(File("ca"), authority.get(), key.get());
}

TlsFiles Certificates::Issue(const std::string& name, const std::string& alternative_names, int from_day,
                             int until_day) const {
  const Certificate authority(PEM_read_X509(Open(File("ca.pem"), "r").get(), nullptr, nullptr, nullptr), &X509_free);
  const Key authority_key(PEM_read_PrivateKey(Open(File("ca.key"), "r").get(), nullptr, nullptr, nullptr),
                          &EVP_PKEY_free);
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate certificate = Unsigned(name, key.get(), from_day, until_day);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
  AddExtension(certificate.get(), authority.get(), NID_subject_alt_name, alternative_names);
  Require(X509_sign(certificate.get(), authority_key.get(), EVP_sha256()) > 0);
  Write(File(name), certificate.get(), key.get());
  return {.certificate = File(name + ".pem"), .key = File(name + ".key")};
}

}  // namespace ofsweep
