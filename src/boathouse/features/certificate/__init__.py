"""The certificate: proof that each row of a training set holds what was known at its instant, and nothing later."""

from boathouse.features.certificate.certifying import certify
from boathouse.features.certificate.nouns import Certificate, CertificateVerdict, Check, CheckVerdict, LookupFacts

__all__ = ["Certificate", "CertificateVerdict", "Check", "CheckVerdict", "LookupFacts", "certify"]
