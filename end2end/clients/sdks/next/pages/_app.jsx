import Head from "next/head";
import { withFronteggApp } from "@frontegg/nextjs/pages";

function Application({ Component, pageProps }) {
  return (
    <>
      <Head>
        <link rel="icon" href="data:," />
      </Head>
      <Component {...pageProps} />
    </>
  );
}

// The newest release takes the login method from FRONTEGG_HOSTED_LOGIN, old ones from here.
export default withFronteggApp(Application, {
  hostedLoginBox: process.env.NEXT_PUBLIC_HOSTED === "true" ? true : undefined,
  cdnUrl: process.env.NEXT_PUBLIC_CDN_URL,
  authOptions: { keepSessionAlive: true },
});
