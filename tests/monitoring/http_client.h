#pragma once

#include <memory>
#include <string>
#include <vector>

namespace ofsweep {

struct HttpCall {
  std::string path;
  std::string method = "POST";
  std::vector<std::string> headers = {};  // "Content-Type: application/json"; a Host is added where there is none
  std::string body = {};
};

// What is sent, with "Connection: close".
std::string RequestText(const HttpCall& call);

// A response while it comes. The connection is closed with the object.
class HttpStream {
 public:
  HttpStream(const std::string& address, const HttpCall& call);
  ~HttpStream();

  // All that has come until then, with its header.
  std::string ReadUntil(const std::string& text);
  std::string ReadToEnd();

 private:
  struct Socket;
  const std::unique_ptr<Socket> socket_;
  std::string response_;
};

// Over a new connection: the whole response with its header.
std::string HttpSend(const std::string& address, const HttpCall& call);

// One GET (or another method) without a body.
std::string Http(const std::string& address, const std::string& path, const std::string& method = "GET");

// What stands behind the header, pieces put together.
std::string BodyOf(const std::string& response);

}  // namespace ofsweep
