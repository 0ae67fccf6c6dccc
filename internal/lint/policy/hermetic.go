package policy

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// hermetic returns OPA's capabilities without the functions whose results depend on more than their
// arguments, so that the same facts produce the same findings on every machine.
func hermetic() *ast.Capabilities {
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.Builtins = slices.DeleteFunc(capabilities.Builtins, func(b *ast.Builtin) bool {
		return b.IsNondeterministic() || isImpure(b.Name)
	})
	// nil would allow JSON Schemas to be fetched from any host.
	capabilities.AllowNet = []string{}
	return capabilities
}

// isImpure reports whether the result of a function depends on more than its arguments. OPA does not
// mark all of these as nondeterministic: io.jwt and x509 read the clock, and x509 reads the
// certificates of the machine.
func isImpure(name string) bool {
	return slices.Contains([]string{
		"opa.runtime", "rego.parse_module", "time.now_ns",
		"io.jwt.decode_verify", "io.jwt.encode_sign", "io.jwt.encode_sign_raw",
		"crypto.x509.parse_and_verify_certificates", "crypto.x509.parse_and_verify_certificates_with_options",
	}, name) || slices.ContainsFunc([]string{"http.", "net.", "rand.", "uuid."}, func(family string) bool {
		return strings.HasPrefix(name, family)
	})
}
