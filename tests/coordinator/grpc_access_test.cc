// Who may call which RPC of a coordinator, over TCP.

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <future>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "access/secret_file.h"
#include "access/token.h"
#include "coordinator/needed_role.h"
#include "coordinator/peer_host.h"
#include "experiment/data_folder.h"
#include "ofsweep/v1/access.grpc.pb.h"
#include "storage/store.h"
#include "tests/access/certificates.h"
#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Role kRoles[] = {Role::kScrape, Role::kRead, Role::kSubmit, Role::kWork, Role::kProvision, Role::kAdmin};

// What an RPC needs, as docs/access.md says it.
const std::map<std::string, Role> kNeeds = {
    {"SubmitSweep", Role::kSubmit},    {"UpdateSweep", Role::kSubmit},    {"GetSweep", Role::kRead},
    {"ListSweeps", Role::kRead},       {"WatchSweep", Role::kRead},       {"CancelSweep", Role::kSubmit},
    {"PauseSweep", Role::kSubmit},     {"ResumeSweep", Role::kSubmit},    {"RetryTrials", Role::kSubmit},
    {"DeleteSweep", Role::kSubmit},    {"ListTrials", Role::kRead},       {"GetTrial", Role::kRead},
    {"TailLog", Role::kRead},          {"ListSeries", Role::kRead},       {"ListWorkers", Role::kRead},
    {"QueryCurves", Role::kRead},      {"AddEvaluations", Role::kSubmit}, {"GetAblationTable", Role::kRead},
    {"Synchronize", Role::kWork},      {"PushMetrics", Role::kWork},      {"PushLog", Role::kWork},
    {"CreatePrincipal", Role::kAdmin}, {"ListPrincipals", Role::kAdmin},  {"RevokePrincipal", Role::kAdmin},
    {"CreateLogin", Role::kRead}};

std::vector<std::string> AllRpcs() {
  std::vector<std::string> rpcs;
  for (const auto* file :
       {v1::CreatePrincipalRequest::descriptor()->file(), v1::SubmitSweepRequest::descriptor()->file(),
        v1::SynchronizeRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      const auto* service = file->service(i);
      for (int j = 0; j < service->method_count(); ++j) {
        rpcs.push_back(absl::StrCat("/", service->full_name(), "/", service->method(j)->name()));
      }
    }
  }
  return rpcs;
}

std::string NameOf(const std::string& rpc) {
  return rpc.substr(rpc.rfind('/') + 1);
}

// Of a call with an empty message, whatever it answers.
grpc::Status Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& rpc, const std::string& token,
                  const std::map<std::string, std::string>& metadata = {}) {
  const auto context = Context();
  if (!token.empty()) context->AddMetadata("authorization", absl::StrCat("Bearer ", token));
  for (const auto& [key, value] : metadata) context->AddMetadata(key, value);
  const grpc::Slice nothing;
  grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> status;
  grpc::GenericStub(channel).UnaryCall(context.get(), rpc, {}, &request, &response,
                                       [&status](const grpc::Status& told) { status.set_value(told); });
  return status.get_future().get();
}

bool IsRefused(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAUTHENTICATED ||
         status.error_code() == grpc::StatusCode::PERMISSION_DENIED;
}

class GrpcAccessTest : public ServerTest {
 protected:
  void SetUp() override { StartServer({}, Access::kAsked); }

  std::string LocalToken() const { return ReadSecretFile(AccessTokenPath(folder_.path().string())).value(); }

  std::unique_ptr<grpc::ClientContext> As(const std::string& token) const {
    auto context = Context();
    context->AddMetadata("authorization", absl::StrCat("Bearer ", token));
    return context;
  }

  v1::CreatePrincipalResponse Create(const std::string& name, Role role, double valid_seconds = 0) {
    v1::CreatePrincipalRequest request;
    request.set_name(name);
    request.set_role(std::string(RoleName(role)));
    request.set_valid_seconds(valid_seconds);
    v1::CreatePrincipalResponse response;
    const grpc::Status status =
        v1::AccessService::NewStub(channel_)->CreatePrincipal(As(LocalToken()).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  std::string TokenOf(Role role) { return Create("a-" + std::string(RoleName(role)), role).token(); }

  grpc::Status SubmitAs(const std::string& token, const std::string& sweep, v1::SubmitSweepResponse& response) {
    v1::SubmitSweepRequest request;
    request.mutable_yaml()->set_text(SmallSweep(sweep));
    return sweeps_->SubmitSweep(As(token).get(), request, &response);
  }
};

TEST_F(GrpcAccessTest, EveryRpcSaysWhatItNeedsAndTheTableOfThisTestIsWhole) {
  for (const std::string& rpc : AllRpcs()) {
    const auto needs = kNeeds.find(NameOf(rpc));
    ASSERT_NE(needs, kNeeds.end()) << rpc;
    EXPECT_EQ(NeededRole(rpc), needs->second) << rpc;
  }
  EXPECT_EQ(AllRpcs().size(), kNeeds.size());
  EXPECT_EQ(NeededRole("/ofsweep.v1.SweepService/Unheard"), Role::kAdmin);
}

TEST_F(GrpcAccessTest, EachRoleMayDoWhatItIsForAndNothingElse) {
  for (const Role role : kRoles) {
    const std::string token = TokenOf(role);
    for (const std::string& rpc : AllRpcs()) {
      const Role needed = kNeeds.at(NameOf(rpc));
      const grpc::Status status = Call(channel_, rpc, token);
      if (Holds(role, needed)) {  // whatever else is wrong with an empty message
        EXPECT_NE(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << RoleName(role) << " " << rpc;
        EXPECT_THAT(status.error_message(), Not(HasSubstr("needs the role"))) << RoleName(role) << " " << rpc;
      } else {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << RoleName(role) << " " << rpc;
        EXPECT_THAT(status.error_message(), HasSubstr("needs the role " + std::string(RoleName(needed))));
      }
    }
  }
}

TEST_F(GrpcAccessTest, WithoutAGoodTokenNothingIsAnswered) {
  const std::string revoked = Create("revoked", Role::kAdmin).token();
  const std::string expired = Create("expired", Role::kAdmin, 0.001).token();
  v1::RevokePrincipalRequest revoke;
  revoke.set_name("revoked");
  v1::RevokePrincipalResponse answer;
  ASSERT_TRUE(v1::AccessService::NewStub(channel_)->RevokePrincipal(As(LocalToken()).get(), revoke, &answer).ok());
  const std::map<std::string, std::string> tokens = {{"none", ""},
                                                     {"of nobody", NewToken()},
                                                     {"cut short", LocalToken().substr(0, 20)},
                                                     {"its hash", HashOfToken(LocalToken())},
                                                     {"revoked", revoked},
                                                     {"expired", expired}};
  for (const auto& [what, token] : tokens) {
    for (const std::string& rpc : AllRpcs()) {
      const grpc::Status status = Call(channel_, rpc, token);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << what << " " << rpc;
      if (!token.empty()) {
        EXPECT_THAT(status.error_message(), Not(HasSubstr(token)));
      }
    }
    EXPECT_EQ(Call(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", token).error_code(),
              grpc::StatusCode::UNAUTHENTICATED);
  }
}

TEST_F(GrpcAccessTest, WhetherItLivesAnybodyMayAsk) {
  EXPECT_FALSE(IsRefused(Call(channel_, "/grpc.health.v1.Health/Check", "")));
}

TEST_F(GrpcAccessTest, NobodyOverTcpCanSayThatAnotherCalls) {
  const std::string reader = TokenOf(Role::kRead);
  const grpc::Status status = Call(channel_, "/ofsweep.v1.AccessService/ListPrincipals", reader,
                                   {{"ofsweep-caller", "local"},
                                    {"ofsweep-caller-role", "admin"},
                                    {"ofsweep-caller-peer", ""},
                                    {"ofsweep-in-process", ""}});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  const std::string submitter = Create("carol", Role::kSubmit).token();
  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_text(SmallSweep("s"));
  const auto context = As(submitter);
  context->AddMetadata("ofsweep-caller", "dave");
  context->AddMetadata("ofsweep-caller-role", "admin");
  context->AddMetadata("ofsweep-in-process", std::string(64, 'a'));
  v1::SubmitSweepResponse response;
  ASSERT_TRUE(sweeps_->SubmitSweep(context.get(), request, &response).ok());
  EXPECT_EQ(response.sweep().owner(), "carol");
}

TEST(PeerHost, IsTheAddressWhateverItsKind) {
  EXPECT_EQ(PeerHost("ipv4:10.0.0.7:4711"), "10.0.0.7");
  EXPECT_EQ(PeerHost("ipv6:%5B::1%5D:4711"), "::1");
  EXPECT_EQ(PeerHost("ipv6:%5Bfe80::1%25eth0%5D:4711"), "fe80::1");
  EXPECT_EQ(PeerHost("unix:/tmp/socket"), std::nullopt);
}

TEST_F(GrpcAccessTest, ASweepIsChangedByItsOwnerAndByAdminsAlone) {
  const std::string alice = Create("alice", Role::kSubmit).token();
  const std::string bob = Create("bob", Role::kSubmit).token();
  v1::SubmitSweepResponse response;
  ASSERT_TRUE(SubmitAs(alice, "of-alice", response).ok());
  EXPECT_EQ(response.sweep().owner(), "alice");

  v1::PauseSweepRequest pause;
  pause.set_name("of-alice");
  v1::PauseSweepResponse paused;
  const grpc::Status refused = sweeps_->PauseSweep(As(bob).get(), pause, &paused);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(refused.error_message(), AllOf(HasSubstr("alice's"), HasSubstr("you are bob")));
  EXPECT_EQ(SubmitAs(bob, "of-alice", response).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(sweeps_->PauseSweep(As(alice).get(), pause, &paused).ok());
  EXPECT_TRUE(sweeps_->PauseSweep(As(LocalToken()).get(), pause, &paused).ok());
}

TEST_F(GrpcAccessTest, TheAuditSaysWhoDidWhatAndHowItEnded) {
  const std::string alice = Create("alice", Role::kSubmit).token();
  v1::SubmitSweepResponse response;
  ASSERT_TRUE(SubmitAs(alice, "s", response).ok());
  v1::CancelSweepRequest cancel;
  cancel.set_name("nothing");
  v1::CancelSweepResponse cancelled;
  EXPECT_EQ(sweeps_->CancelSweep(As(alice).get(), cancel, &cancelled).error_code(), grpc::StatusCode::NOT_FOUND);
  server_.reset();  // which stores what is queued
  SQLite::Database database(DatabasePath(folder_.path().string()));
  SQLite::Statement rows(database, "SELECT caller, role, peer, action, subject, outcome FROM audit");
  std::vector<std::string> found;
  while (rows.executeStep()) {
    std::string row;
    for (int i = 0; i < 6; ++i) absl::StrAppend(&row, i == 0 ? "" : "|", rows.getColumn(i).getString());
    found.push_back(row);
  }
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], "local|admin|127.0.0.1|CreatePrincipal|alice as submit|ok");
  EXPECT_EQ(found[1], "alice|submit|127.0.0.1|SubmitSweep|s|ok");
  EXPECT_THAT(found[2], AllOf(HasSubstr("alice|submit|127.0.0.1|CancelSweep|nothing|"), HasSubstr("no sweep")));
}

TEST_F(GrpcAccessTest, TokensOutliveTheCoordinatorAndAreNowhereInItsFiles) {
  const std::string token = TokenOf(Role::kRead);
  StartServer({}, Access::kAsked);
  EXPECT_FALSE(IsRefused(Call(channel_, "/ofsweep.v1.SweepService/ListSweeps", token)));
  server_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    if (!entry.is_regular_file() || entry.path().filename() == "access-token") continue;
    EXPECT_EQ(ReadFile(entry.path()).find(token), std::string::npos) << entry.path();
  }
}

TEST_F(GrpcAccessTest, ANameIsInUseUntilItIsRevoked) {
  const std::string first = Create("ci", Role::kRead).token();
  v1::CreatePrincipalRequest again;
  again.set_name("ci");
  again.set_role("submit");
  v1::CreatePrincipalResponse response;
  const auto access = v1::AccessService::NewStub(channel_);
  EXPECT_EQ(access->CreatePrincipal(As(LocalToken()).get(), again, &response).error_code(),
            grpc::StatusCode::ALREADY_EXISTS);
  v1::RevokePrincipalRequest revoke;
  revoke.set_name("ci");
  v1::RevokePrincipalResponse revoked;
  ASSERT_TRUE(access->RevokePrincipal(As(LocalToken()).get(), revoke, &revoked).ok());
  ASSERT_TRUE(access->CreatePrincipal(As(LocalToken()).get(), again, &response).ok());
  EXPECT_EQ(Call(channel_, "/ofsweep.v1.SweepService/ListSweeps", first).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_FALSE(IsRefused(Call(channel_, "/ofsweep.v1.SweepService/ListSweeps", response.token())));
}

TEST_F(GrpcAccessTest, WhatNobodyCanBeCalledOrDoIsRefusedWithTheField) {
  v1::CreatePrincipalRequest request;
  request.set_name("a b");
  request.set_role("root");
  request.set_valid_seconds(-1);
  v1::CreatePrincipalResponse response;
  const grpc::Status status =
      v1::AccessService::NewStub(channel_)->CreatePrincipal(As(LocalToken()).get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("2 more"));
}

TEST_F(GrpcAccessTest, TheTokenOfTheDataFolderIsKeptAndItsOwnersAlone) {
  const std::string path = AccessTokenPath(folder_.path().string());
  const std::string token = LocalToken();
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  StartServer({}, Access::kAsked);
  EXPECT_EQ(LocalToken(), token);
  server_.reset();
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  const auto refused =
      Server::Start({.data_dir = folder_.path().string(), .grpc = "127.0.0.1:0", .http = "127.0.0.1:0"});
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("chmod 600 " + path));
}

TEST_F(GrpcAccessTest, AnAddressThatOthersReachIsNotListenedOnUnprotected) {
  TemporaryFolder other;
  for (const auto& [grpc, http, option] :
       {std::tuple("0.0.0.0:0", "127.0.0.1:0", "--grpc"), std::tuple("127.0.0.1:0", "0.0.0.0:0", "--http"),
        std::tuple("[::]:0", "127.0.0.1:0", "--grpc"), std::tuple("127.0.0.2:0", "127.0.0.1:0", "--grpc")}) {
    const auto refused = Server::Start({.data_dir = other.path().string(), .grpc = grpc, .http = http});
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition) << grpc << " " << http;
    EXPECT_THAT(std::string(refused.status().message()),
                AllOf(HasSubstr(option), HasSubstr("--tls-cert"), HasSubstr("--insecure")));
  }
}

class TlsAccessTest : public GrpcAccessTest {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.access.tls = certificates_.Issue("server", "IP:127.0.0.1,DNS:localhost");
    options.access.tls.authorities = certificates_.authority();
    StartServer(options, Access::kAsked);
  }

  // With the caller's own certificate, where it has one.
  std::shared_ptr<grpc::Channel> Channel(const TlsFiles& own) const {
    grpc::experimental::TlsChannelCredentialsOptions options;
    options.set_certificate_provider(std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
        own.key, own.certificate, certificates_.authority(), 1));
    options.watch_root_certs();
    if (!own.certificate.empty()) options.watch_identity_key_cert_pairs();
    return grpc::CreateChannel(server_->grpc_address(), grpc::experimental::TlsCredentials(options));
  }

  TemporaryFolder certificate_folder_;
  const Certificates certificates_{certificate_folder_.path()};
};

TEST_F(TlsAccessTest, TokensAndCertificatesThatHaveARoleAreTaken) {
  channel_ = Channel({});
  const std::string token = TokenOf(Role::kRead);
  Create("spiffe://lab/worker", Role::kWork);
  EXPECT_FALSE(IsRefused(Call(Channel({}), "/ofsweep.v1.SweepService/ListSweeps", token)));
  EXPECT_EQ(Call(Channel({}), "/ofsweep.v1.SweepService/ListSweeps", "").error_code(),
            grpc::StatusCode::UNAUTHENTICATED);

  const auto worker = Channel(certificates_.Issue("worker", "URI:spiffe://lab/worker"));
  EXPECT_FALSE(IsRefused(Call(worker, "/ofsweep.v1.WorkerService/PushLog", "")));
  EXPECT_EQ(Call(worker, "/ofsweep.v1.SweepService/ListSweeps", "").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_FALSE(IsRefused(Call(worker, "/ofsweep.v1.SweepService/ListSweeps", token)));
  const auto stranger = Channel(certificates_.Issue("stranger", "URI:spiffe://lab/stranger"));
  EXPECT_EQ(Call(stranger, "/ofsweep.v1.WorkerService/PushLog", "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  const auto nameless = Channel(certificates_.Issue("nameless", "DNS:worker"));
  EXPECT_EQ(Call(nameless, "/ofsweep.v1.WorkerService/PushLog", "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(TlsAccessTest, ACertificateOfAnotherAuthorityOrAnotherTimeDoesNotConnect) {
  channel_ = Channel({});
  Create("spiffe://lab/worker", Role::kWork);
  TemporaryFolder elsewhere;
  const Certificates forger(elsewhere.path());
  for (const TlsFiles& own : {forger.Issue("worker", "URI:spiffe://lab/worker"),
                              certificates_.Issue("expired", "URI:spiffe://lab/worker", -60, -30),
                              certificates_.Issue("early", "URI:spiffe://lab/worker", 30, 60)}) {
    EXPECT_EQ(Call(Channel(own), "/ofsweep.v1.WorkerService/PushLog", "").error_code(), grpc::StatusCode::UNAVAILABLE)
        << own.certificate;
  }
}

TEST_F(TlsAccessTest, WithoutTlsNobodyIsAnswered) {
  EXPECT_EQ(Call(grpc::CreateChannel(server_->grpc_address(), grpc::InsecureChannelCredentials()),
                 "/ofsweep.v1.SweepService/ListSweeps", LocalToken())
                .error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace ofsweep
