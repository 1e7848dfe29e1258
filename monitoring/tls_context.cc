#include "monitoring/tls_context.h"

#include <array>
#include <fstream>
#include <sstream>
#include <utility>

#include <openssl/x509v3.h>
#include <boost/asio/buffer.hpp>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

namespace ssl = boost::asio::ssl;

struct PemFile {
  std::string path;
  std::string text;
};

// A file that cannot be read is an empty one.
PemFile Read(const std::string& path) {
  std::stringstream text;
  if (!path.empty()) text << std::ifstream(path, std::ios::binary).rdbuf();
  return {path, text.str()};
}

struct PemFiles {
  explicit PemFiles(const HttpTlsOptions& options)
      : certificate(Read(options.certificate)), key(Read(options.key)), authorities(Read(options.client_authorities)) {}

  std::string All() const { return absl::StrCat(certificate.text, "\n\n", key.text, "\n\n", authorities.text); }

  PemFile certificate;
  PemFile key;
  PemFile authorities;
};

absl::Status Unusable(const std::string& path, const boost::system::error_code& error) {
  return absl::InvalidArgumentError(absl::StrCat(path, " cannot be used for TLS: ", error.message()));
}

// So that a client with several certificates knows which of them is wanted.
void NameAuthorities(SSL_CTX* context) {
  const STACK_OF(X509_OBJECT)* known = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(known); ++i) {
    if (X509* authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(known, i)); authority != nullptr) {
      SSL_CTX_add_client_CA(context, authority);
    }
  }
}

absl::StatusOr<TlsContext::Shared> Make(const PemFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  // Nothing is resumed: who shows a certificate is asked for it on each connection.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(native, 0);
  // A service has no terminal on which to ask for a key's password.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); });
  boost::system::error_code error;
  context->use_certificate_chain(boost::asio::buffer(files.certificate.text), error);
  if (error) return Unusable(files.certificate.path, error);
  context->use_private_key(boost::asio::buffer(files.key.text), ssl::context::pem, error);
  if (error) return Unusable(files.key.path, error);
  if (files.authorities.path.empty()) return context;
  context->add_certificate_authority(boost::asio::buffer(files.authorities.text), error);
  if (error) return Unusable(files.authorities.path, error);
  context->set_verify_mode(ssl::verify_peer);
  NameAuthorities(native);
  return context;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Load(const HttpTlsOptions& options) {
  std::unique_ptr<TlsContext> loaded(new TlsContext(options));
  const PemFiles files(options);
  auto context = Make(files);
  if (!context.ok()) return context.status();
  loaded->read_ = files.All();
  loaded->context_ = *std::move(context);
  return loaded;
}

TlsContext::Shared TlsContext::Current() {
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_at_ < options_.refresh) return context_;
  looked_at_ = now;
  const PemFiles files(options_);
  if (std::string all = files.All(); all != read_) {
    read_ = std::move(all);
    auto context = Make(files);
    if (context.ok()) {
      context_ = *std::move(context);
    } else if (options_.on_unusable) {
      options_.on_unusable(std::string(context.status().message()));
    }
  }
  return context_;
}

std::string CertificateUri(SSL* connection) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(connection), &X509_free);
  if (certificate == nullptr) return "";
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  std::string uri;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    if (!uri.empty()) return "";
    const ASN1_IA5STRING* text = name->d.uniformResourceIdentifier;
    uri.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
               static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return uri;
}

}  // namespace ofsweep
