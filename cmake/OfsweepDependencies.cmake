# Every library ofsweep stands on, by the names that Debian 12 gives them (deploy/setup/debian-packages.txt).

find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS filesystem)
find_package(prometheus-cpp REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
find_package(ZLIB REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET cairo cairo-pdf cairo-svg)

set(OFSWEEP_GOOGLEAPIS_DIR ${OFSWEEP_CACHE}/googleapis_common_protos-1.76.0-py3-none-any)
if(NOT EXISTS ${OFSWEEP_GOOGLEAPIS_DIR}/google/rpc/error_details.proto)
  message(FATAL_ERROR "google/rpc/error_details.proto is not in ${OFSWEEP_GOOGLEAPIS_DIR}: run deploy/setup/install.sh, or give "
                      "-DOFSWEEP_CACHE=DIR if it was told to use another folder.")
endif()

if(OFSWEEP_TRAINER)
  pkg_check_modules(SENTENCEPIECE REQUIRED IMPORTED_TARGET sentencepiece)
  find_package(LibTorch REQUIRED)
endif()
