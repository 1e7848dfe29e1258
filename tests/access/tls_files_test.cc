#include "access/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/access/certificates.h"
#include "tests/temporary_folder.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr TimeMs kYear = TimeMs{365} * 24 * 3600 * 1000;

class TlsFilesTest : public testing::Test {
 protected:
  static TimeMs Now() { return absl::ToUnixMillis(absl::Now()); }
  static std::string WhyNot(const TlsFiles& files, absl::StatusCode code, TimeMs now = Now()) {
    const absl::Status status = CheckTlsFiles(files, now);
    EXPECT_EQ(status.code(), code) << status;
    return std::string(status.message());
  }

  TemporaryFolder folder_;
  const Certificates certificates_{folder_.path()};
};

TEST_F(TlsFilesTest, ACertificateAndItsKeyAreTaken) {
  TlsFiles files = certificates_.Issue("server", "DNS:localhost");
  EXPECT_TRUE(CheckTlsFiles(files, Now()).ok());
  files.authorities = certificates_.authority();
  EXPECT_TRUE(CheckTlsFiles(files, Now()).ok());
  EXPECT_TRUE(CheckTlsFiles({}, Now()).ok());
}

TEST_F(TlsFilesTest, WhatIsMissingOrNoCertificateIsNamed) {
  TlsFiles files = certificates_.Issue("server", "DNS:localhost");
  EXPECT_THAT(WhyNot({.certificate = files.certificate}, absl::StatusCode::kInvalidArgument), HasSubstr("--tls-key"));
  EXPECT_THAT(WhyNot({.certificate = folder_.File("none.pem"), .key = files.key}, absl::StatusCode::kNotFound),
              HasSubstr("none.pem"));
  EXPECT_THAT(WhyNot({.certificate = files.key, .key = files.key}, absl::StatusCode::kInvalidArgument),
              HasSubstr(files.key));
  EXPECT_THAT(WhyNot({.certificate = files.certificate, .key = files.certificate}, absl::StatusCode::kInvalidArgument),
              HasSubstr("no private key"));
  files.authorities = files.key;
  EXPECT_THAT(WhyNot(files, absl::StatusCode::kInvalidArgument), HasSubstr(files.key));
}

TEST_F(TlsFilesTest, AKeyOfAnotherCertificateIsRefusedAndNotQuoted) {
  const TlsFiles server = certificates_.Issue("server", "DNS:localhost");
  const TlsFiles other = certificates_.Issue("other", "DNS:localhost");
  const std::string why =
      WhyNot({.certificate = server.certificate, .key = other.key}, absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(why, HasSubstr(other.key + " is not the key of " + server.certificate));
  EXPECT_THAT(why, Not(HasSubstr(ReadFile(other.key).substr(40, 20))));
}

TEST_F(TlsFilesTest, ACertificateOutOfItsTimeSaysWhatTheClockSays) {
  const TlsFiles expired = certificates_.Issue("expired", "DNS:localhost", -60, -30);
  EXPECT_THAT(WhyNot(expired, absl::StatusCode::kFailedPrecondition), HasSubstr("has expired on "));
  const TlsFiles early = certificates_.Issue("early", "DNS:localhost", 30, 60);
  EXPECT_THAT(WhyNot(early, absl::StatusCode::kFailedPrecondition), HasSubstr("not valid before "));
  const TlsFiles good = certificates_.Issue("good", "DNS:localhost");
  EXPECT_THAT(WhyNot(good, absl::StatusCode::kFailedPrecondition, Now() + kYear), HasSubstr("clock says"));
  EXPECT_THAT(WhyNot(good, absl::StatusCode::kFailedPrecondition, Now() - kYear), HasSubstr("clock says"));
}

}  // namespace
}  // namespace ofsweep
