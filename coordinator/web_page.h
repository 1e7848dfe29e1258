#pragma once

#include <map>
#include <string>

#include "monitoring/http_server.h"

namespace ofsweep {

// The page for people, as dashboards/web/dist holds it: index.html at /, and its assets.
std::map<std::string, HttpHandler> WebPage();

}  // namespace ofsweep
