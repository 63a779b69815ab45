"""Licences 电子证照: what the city certifies to persons and firms, with one status behind every form.

A department describes its licence types by fields, a template and rules of validity, and issues, renews, suspends,
resumes and revokes licences, one by one or 100,000 in a job. The same licence is a signed PDF, an OFD page, an SD-JWT
VC and a QR code that verifies offline; whoever checks any of them hears the one status. A holder authorises a
department to use a licence for one matter and time, and sees every use. Fulfils the programme's 电子证照库.
"""
