#pragma once

#include <map>
#include <string>

namespace ofsweep {

// "--key value" pairs of a command line.
class Arguments {
 public:
  // Throws where a value is missing.
  Arguments(int count, char** words);

  // Throws where there is none.
  std::string Text(const std::string& key) const;
  std::string Text(const std::string& key, const std::string& otherwise) const;
  long Number(const std::string& key, long otherwise) const;
  bool Flag(const std::string& key) const { return Number(key, 0) != 0; }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace ofsweep
