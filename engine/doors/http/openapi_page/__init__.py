"""The page of the API's description: Swagger UI's own files, which ask no other host.

swagger-ui-bundle.js.gz, swagger-ui.css.gz   of the npm package swagger-ui-dist 5.35.0, compressed as
                                             they are; Apache-2.0, see LICENSE, NOTICE and
                                             swagger-ui-bundle.js.LICENSE.txt
"""
