//go:build !unix

package images

import "os"

// tryLock finds no lock: where there is none, two labchecks which build at
// once do the work twice.
func tryLock(*os.File) error { return nil }
