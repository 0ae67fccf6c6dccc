package policy

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// hermetic returns OPA's capabilities without every function whose answer depends
// on anything but its arguments: the same facts get the same verdict everywhere.
func hermetic() *ast.Capabilities {
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.Builtins = slices.DeleteFunc(capabilities.Builtins, func(b *ast.Builtin) bool {
		return b.IsNondeterministic() || isImpure(b.Name)
	})
	// Not nil, which would let a JSON Schema be fetched from anywhere.
	capabilities.AllowNet = []string{}
	return capabilities
}

// isImpure knows by name what OPA does and does not mark as nondeterministic:
// io.jwt and x509 read the clock, and x509 the machine's certificates.
func isImpure(name string) bool {
	return slices.Contains([]string{
		"opa.runtime", "rego.parse_module", "time.now_ns",
		"io.jwt.decode_verify", "io.jwt.encode_sign", "io.jwt.encode_sign_raw",
		"crypto.x509.parse_and_verify_certificates", "crypto.x509.parse_and_verify_certificates_with_options",
	}, name) || slices.ContainsFunc([]string{"http.", "net.", "rand.", "uuid."}, func(family string) bool {
		return strings.HasPrefix(name, family)
	})
}
