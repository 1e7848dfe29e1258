#pragma once

#include <string>

#include "access/tls_files.h"
#include "tests/monitoring/http_client.h"

namespace ofsweep {

struct HttpsClient {
  TlsFiles files;          // its own certificate, or none; the authority of the server's
  int newest_version = 0;  // of TLS, as OpenSSL numbers them; 0: what both speak
};

// As HttpSend, over TLS. Throws where no connection comes to be.
std::string HttpsSend(const std::string& address, const HttpsClient& client, const HttpCall& call);

}  // namespace ofsweep
