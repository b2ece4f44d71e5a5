// Package blob is the port for the contents of files: bytes under a key, without any
// knowledge of what they mean. Rows about files (who owns them, their type, which
// messages show them) are the business of domain/media.
//
// A backend implements Store and passes domain/blob/blobtest. The file system is one
// (storage/files); GridFS and S3 fit the same port.
//
// # Why it is so
//
// A key is an area, an owner and a name, and nothing else: it is the folder of the
// reference on a disk, and an object's name in a bucket. A path that a caller made up can
// be no key, because Validate refuses everything that is more than one segment.
package blob
