#include "agent/proof/promise_conflict.h"

namespace agent {

bool proves_identity(const Promise& promise, const SourceTrust& trust) {
  switch (promise.level) {
    case ProofLevel::kSha512:
    case ProofLevel::kSha512Composite:
    case ProofLevel::kSha256:
    case ProofLevel::kSha256Composite:
    case ProofLevel::kSha1:
    case ProofLevel::kSha1Composite:
    case ProofLevel::kMd5:
    case ProofLevel::kMd5Composite:
      return true;
    case ProofLevel::kEtagMd5:
      return trust.single == EtagTrust::kProven;
    case ProofLevel::kEtagMultipart:
      return trust.multipart == EtagTrust::kProven;
    case ProofLevel::kXxHash128:
    case ProofLevel::kXxHash128Composite:
    case ProofLevel::kXxHash3:
    case ProofLevel::kXxHash3Composite:
    case ProofLevel::kXxHash64:
    case ProofLevel::kXxHash64Composite:
    case ProofLevel::kCrc64Nvme:
    case ProofLevel::kCrc64NvmeComposite:
    case ProofLevel::kCrc32c:
    case ProofLevel::kCrc32cComposite:
    case ProofLevel::kCrc32:
    case ProofLevel::kCrc32Composite:
    case ProofLevel::kMetadataMd5:
    case ProofLevel::kSidecarSha256:
    case ProofLevel::kSidecarMd5:
    case ProofLevel::kSize:
      return false;
  }
  return false;
}

int weight_of(ProofLevel level) {
  switch (level) {
    case ProofLevel::kSha512:
    case ProofLevel::kSha512Composite:
      return 5;
    case ProofLevel::kSha256:
    case ProofLevel::kSha256Composite:
      return 4;
    case ProofLevel::kSha1:
    case ProofLevel::kSha1Composite:
      return 3;
    case ProofLevel::kMd5:
    case ProofLevel::kMd5Composite:
    case ProofLevel::kEtagMd5:
    case ProofLevel::kEtagMultipart:
      return 2;
    case ProofLevel::kMetadataMd5:
      return 1;
    // A CRC, an xxHash or the like proves little against one that is above.
    case ProofLevel::kXxHash128:
    case ProofLevel::kXxHash128Composite:
    case ProofLevel::kXxHash3:
    case ProofLevel::kXxHash3Composite:
    case ProofLevel::kXxHash64:
    case ProofLevel::kXxHash64Composite:
    case ProofLevel::kCrc64Nvme:
    case ProofLevel::kCrc64NvmeComposite:
    case ProofLevel::kCrc32c:
    case ProofLevel::kCrc32cComposite:
    case ProofLevel::kCrc32:
    case ProofLevel::kCrc32Composite:
    case ProofLevel::kSidecarSha256:
    case ProofLevel::kSidecarMd5:
    case ProofLevel::kSize:
      return 0;
  }
  return 0;
}

}  // namespace agent
