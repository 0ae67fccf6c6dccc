package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// authority signs the certificates of webhooks and of their clients.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         string // of the certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	made, err := makeAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func makeAuthority() (*authority, error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "e2e"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	certificate, key, err := signed(template, nil)
	if err != nil {
		return nil, err
	}
	return &authority{certificate: certificate, key: key, pem: certificatePEM(certificate)}, nil
}

// issue returns a server's certificate for a name and its key, both in PEM. It expires in a day.
func (a *authority) issue(t *testing.T, name string) (certificate, key string) {
	t.Helper()
	return a.issueUntil(t, name, time.Time{})
}

// issueUntil returns the same that expires at a time.
func (a *authority) issueUntil(t *testing.T, name string, end time.Time) (certificate, key string) {
	t.Helper()
	certificate, key, err := a.leaf(name, x509.ExtKeyUsageServerAuth, end)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

// leaf returns a certificate for a name and a use, and its key, both in PEM. It expires in a day unless a time is given.
func (a *authority) leaf(name string, usage x509.ExtKeyUsage, end time.Time) (certificate, key string, err error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}
	leaf, private, err := signed(template, a)
	if err != nil {
		return "", "", err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	return certificatePEM(leaf), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})), nil
}

// signed makes a certificate by an authority, by itself without one.
func signed(template *x509.Certificate, by *authority) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, nil, err
	}
	template.SerialNumber, template.NotBefore = serial, time.Now().Add(-time.Hour)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(24 * time.Hour)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}

func certificatePEM(certificate *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
}
