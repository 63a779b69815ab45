"""Seals 电子印章: how the hub signs what leaves it, so that anybody can check it without asking.

Documents are PDF with a PAdES signature and an embedded Chinese font; credentials are SD-JWT VC; short statements are
JWS. The keys come from the deployment's secret files; the certificates and public keys are published. Fulfils the
programme's trusted electronic documents; licences and credit reports stand on it.
"""
