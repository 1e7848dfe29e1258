#pragma once

#include <string>

#include <boost/beast/http.hpp>

#include "monitoring/http_server.h"

namespace ofsweep {

// Beast's messages and ours.

// How a request wants its answer.
struct HttpTerms {
  unsigned version = 11;    // of HTTP: 1.1
  bool keep_alive = false;  // the connection may be used again
  boost::beast::http::verb method = boost::beast::http::verb::get;
};

// Its body has still to be read.
HttpRequest ToHttpRequest(const boost::beast::http::request<boost::beast::http::string_body>& request);

boost::beast::http::response<boost::beast::http::string_body> ToBeastResponse(HttpResponse response,
                                                                              const HttpTerms& terms);

HttpResponse PlainResponse(int status, std::string why);

}  // namespace ofsweep
