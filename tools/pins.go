//go:build tools

// Package tools pins modules that are used for files of theirs other than programs; `go mod tidy`
// would drop them otherwise. tools/build copies the files.
package tools

import _ "sigs.k8s.io/gateway-api/pkg/consts" // the CRDs, config/crd/standard
