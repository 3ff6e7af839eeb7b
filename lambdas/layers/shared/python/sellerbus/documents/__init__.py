"""Documents on their way between S3 and the presigned URLs of Amazon's document APIs."""
