#pragma once

// The one precompiled header: <torch/torch.h> takes half a minute to compile.
#include <torch/torch.h>
