#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "trainer/documents.h"

namespace ofsweep {

// What is tokenised: a corpus by the digests of its files, and the validation corpus where it has one of its own.
struct CorpusRecipe {
  CorpusKind kind = CorpusKind::kPython;
  const InputContent& training;
  const InputContent* validation = nullptr;  // null where the tail of the training tokens is kept
  std::int64_t vocabulary = 0;
};

// Changes whenever the recipe would give other tokens: by contents, vocabulary, or the version of this code.
std::string RecipeDigest(const CorpusRecipe& recipe);

// Trains the tokenizer on a sample of the corpus and writes tokenizer.model, tokens.bin and tokens.json, and
// validation.bin and validation.json where the recipe has validation files, into the existing `folder`.
// FailedPrecondition where a file is not what its digest says whenever it is read.
absl::Status WriteCorpus(const CorpusRecipe& recipe, const std::filesystem::path& folder);

}  // namespace ofsweep
