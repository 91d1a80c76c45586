// The story of ../story.md through AWSSDK.KeyManagementService. Usage: Story http://127.0.0.1:PORT, credentials in the environment.
// Prints one line per step: `ok STEP`, or `FAIL STEP: WHAT`.
using System.Security.Cryptography;
using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;

const string Nobody = "1234abcd-12ab-34cd-56ef-1234567890ab";
var failed = false;

// docs: client
var kms = new AmazonKeyManagementServiceClient(new AmazonKeyManagementServiceConfig
{
    ServiceURL = args[0],
    AuthenticationRegion = "us-east-1",
});
// docs: end
var material = RandomNumberGenerator.GetBytes(32);
var context = new Dictionary<string, string> { ["a"] = "1", ["ключ"] = "значение" };
string key = "", arn = "", id = "", own = "", ownArn = "";
MemoryStream token = new(), cipher = new();
byte[] wrapped = [];
DateTime? date = null;
List<string> names = [];

await Step("create", async () =>
{
    var made = (await kms.CreateKeyAsync(new CreateKeyRequest
    {
        Origin = OriginType.EXTERNAL, Description = "story", Tags = [new Tag { TagKey = "client", TagValue = "dotnet" }],
    })).KeyMetadata;
    (key, arn) = (made.KeyId, made.Arn);
    Same("the ARN", arn, $"arn:aws:kms:us-east-1:{made.AWSAccountId}:key/{key}");
    var told = await Told(KeyState.PendingImport);
    Same("Origin", told.Origin.Value, "EXTERNAL");
    Same("CurrentKeyMaterialId, ExpirationModel and ValidTo", (told.CurrentKeyMaterialId, told.ExpirationModel, told.ValidTo), (null, null, null));
});
await Step("encrypt_before_import", () =>
    Refused<KMSInvalidStateException>($"{arn} is pending import.", () => kms.EncryptAsync(new EncryptRequest { KeyId = key, Plaintext = Blob("x") })));
await Step("parameters", async () =>
{
    var got = await Parameters();
    Same("KeyId", got.KeyId, arn);
    using var rsa = RSA.Create();
    rsa.ImportSubjectPublicKeyInfo(got.PublicKey.ToArray(), out _);
    Same("the size of the public key", rsa.KeySize, 2048);
    Same("whether the token has 1 to 6144 bytes", got.ImportToken.Length is >= 1 and <= 6144, true);
    Near("ParametersValidTo", got.ParametersValidTo, TimeSpan.FromDays(1));
    (token, wrapped) = (got.ImportToken, Wrap(got.PublicKey, material));
});
await Step("import", async () =>
{
    var got = await kms.ImportKeyMaterialAsync(new ImportKeyMaterialRequest
    {
        KeyId = key, ImportToken = token, EncryptedKeyMaterial = new MemoryStream(wrapped),
        ExpirationModel = ExpirationModelType.KEY_MATERIAL_DOES_NOT_EXPIRE,
    });
    Same("KeyId", got.KeyId, arn);
    id = got.KeyMaterialId;
    Same("whether the material's id is 64 hex digits", id.Length == 64 && id.All(char.IsAsciiHexDigitLower), true);
    var told = await Told(KeyState.Enabled);
    Same("CurrentKeyMaterialId", told.CurrentKeyMaterialId, id);
    Same("ExpirationModel", told.ExpirationModel?.Value, "KEY_MATERIAL_DOES_NOT_EXPIRE");
    Same("ValidTo", told.ValidTo, null);
});
await Step("encrypt_and_decrypt", async () =>
{
    var got = await kms.EncryptAsync(new EncryptRequest { KeyId = arn, Plaintext = Blob("the secret"), EncryptionContext = context });
    Same("KeyId", got.KeyId, arn);
    cipher = got.CiphertextBlob;
    await Opens();
    await Refused<InvalidCiphertextException>(null, () => kms.DecryptAsync(new DecryptRequest { CiphertextBlob = Copy(cipher), EncryptionContext = new() { ["a"] = "1" } }));
});
await Step("delete_material", async () =>
{
    await DeletesMaterial();
    var told = await Told(KeyState.PendingImport);
    Same("CurrentKeyMaterialId", told.CurrentKeyMaterialId, id);
    Same("ExpirationModel", told.ExpirationModel?.Value, null);
});
await Step("decrypt_without_material", () => Refused<KMSInvalidStateException>($"{arn} is pending import.", Opens));
await Step("import_other_material", async () =>
{
    await Refused<IncorrectKeyMaterialException>(null, () => Import(RandomNumberGenerator.GetBytes(32), null));
    await Told(KeyState.PendingImport);
});
await Step("import_again", async () =>
{
    var end = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.AddDays(2).ToUnixTimeSeconds()).UtcDateTime;
    Same("KeyMaterialId", (await Import(material, end)).KeyMaterialId, id);
    var told = await Told(KeyState.Enabled);
    Same("ExpirationModel", told.ExpirationModel?.Value, "KEY_MATERIAL_EXPIRES");
    Same("ValidTo", told.ValidTo?.ToUniversalTime(), end);
});
await Step("decrypt_again", Opens);
await Step("schedule_deletion", async () =>
{
    var got = await kms.ScheduleKeyDeletionAsync(new ScheduleKeyDeletionRequest { KeyId = key, PendingWindowInDays = 7 });
    Same("KeyId, KeyState and window", (got.KeyId, got.KeyState.Value, got.PendingWindowInDays ?? 0), (arn, "PendingDeletion", 7));
    Near("DeletionDate", got.DeletionDate, TimeSpan.FromDays(7));
    date = got.DeletionDate;
});
await Step("delete_material_while_pending", async () =>
{
    await DeletesMaterial();
    Same("DeletionDate", (await Told(KeyState.PendingDeletion)).DeletionDate, date);
});
await Step("cancel", async () =>
{
    Same("KeyId", (await kms.CancelKeyDeletionAsync(new CancelKeyDeletionRequest { KeyId = key })).KeyId, arn);
    Same("DeletionDate", (await Told(KeyState.PendingImport)).DeletionDate, null);
});
await Step("enable_refused", async () =>
{
    await Refused<KMSInvalidStateException>($"{arn} is pending import.", () => kms.EnableKeyAsync(new EnableKeyRequest { KeyId = key }));
    await Told(KeyState.PendingImport);
});
await Step("cancel_twice", () =>
    Refused<KMSInvalidStateException>($"{arn} is not pending deletion.", () => kms.CancelKeyDeletionAsync(new CancelKeyDeletionRequest { KeyId = key })));
await Step("import_after_cancel", async () =>
{
    await Import(material, null);
    await Told(KeyState.Enabled);
    await Opens();
});
await Step("own_key", async () =>
{
    var made = (await kms.CreateKeyAsync(new CreateKeyRequest())).KeyMetadata;
    (own, ownArn) = (made.KeyId, made.Arn);
    Same("the window", (await kms.ScheduleKeyDeletionAsync(new ScheduleKeyDeletionRequest { KeyId = own })).PendingWindowInDays, 30);
    Same("KeyId", (await kms.CancelKeyDeletionAsync(new CancelKeyDeletionRequest { KeyId = own })).KeyId, ownArn);
    Same("the state", (await Described(own)).KeyState.Value, "Disabled");
    Task<GenerateDataKeyResponse> DataKey() => kms.GenerateDataKeyAsync(new GenerateDataKeyRequest { KeyId = own, KeySpec = DataKeySpec.AES_256 });
    await Refused<DisabledException>($"{ownArn} is disabled.", DataKey);
    await kms.EnableKeyAsync(new EnableKeyRequest { KeyId = own });
    Same("the state", (await Described(own)).KeyState.Value, "Enabled");
    Same("the data key's length", (await DataKey()).Plaintext.Length, 32);
});
await Step("own_material", async () =>
{
    var text = $"{ownArn} origin is AWS_KMS which is not valid for this operation.";
    await Refused<UnsupportedOperationException>(text, () => kms.DeleteImportedKeyMaterialAsync(new DeleteImportedKeyMaterialRequest { KeyId = own }));
    await Refused<UnsupportedOperationException>(text, () => kms.GetParametersForImportAsync(new GetParametersForImportRequest
    {
        KeyId = own, WrappingAlgorithm = AlgorithmSpec.RSAES_OAEP_SHA_256, WrappingKeySpec = WrappingKeySpec.RSA_2048,
    }));
});
await Step("not_found", async () =>
{
    await Refused<NotFoundException>($"Key '{arn.Replace(key, Nobody)}' does not exist",
        () => kms.CancelKeyDeletionAsync(new CancelKeyDeletionRequest { KeyId = Nobody }));
    await Refused<NotFoundException>("Invalid keyId 'no-such-key'",
        () => kms.DeleteImportedKeyMaterialAsync(new DeleteImportedKeyMaterialRequest { KeyId = "no-such-key" }));
});
await Step("invalid_arn", async () =>
{
    const string text = "Key Aliases are not supported for this operation.";
    await Refused<InvalidArnException>(text, () => kms.CancelKeyDeletionAsync(new CancelKeyDeletionRequest { KeyId = "alias/dotnet-missing" }));
    await Refused<InvalidArnException>(text,
        () => kms.DeleteImportedKeyMaterialAsync(new DeleteImportedKeyMaterialRequest { KeyId = "alias/dotnet-missing" }));
});
await Step("aliases", async () =>
{
    names = Enumerable.Range(0, 7).Select(n => $"alias/dotnet-{n}-{own}").ToList();
    foreach (var name in names)
    {
        await kms.CreateAliasAsync(new CreateAliasRequest { AliasName = name, TargetKeyId = own });
    }
    await Refused<AlreadyExistsException>($"An alias with the name {ownArn.Replace($"key/{own}", names[0])} already exists",
        () => kms.CreateAliasAsync(new CreateAliasRequest { AliasName = names[0], TargetKeyId = own }));
});
await Step("paginator", async () =>
{
    List<string> seen = [];
    var pages = 0;
    await foreach (var page in kms.Paginators.ListAliases(new ListAliasesRequest { KeyId = own, Limit = 2 }).Responses)
    {
        seen.AddRange(page.Aliases.Select(alias => alias.AliasName));
        pages++;
    }
    Same("the names", string.Join(' ', seen), string.Join(' ', names));
    Same("the number of pages", pages, 4);
});
await Step("cancelled_call", async () =>
{
    using var source = new CancellationTokenSource();
    source.Cancel();
    try
    {
        await kms.DescribeKeyAsync(new DescribeKeyRequest { KeyId = own }, source.Token);
        throw new Broken("the call was answered");
    }
    catch (OperationCanceledException)
    {
    }
    await Described(own);
});
return failed ? 1 : 0;

async Task Step(string name, Func<Task> tell)
{
    try
    {
        await tell();
        Console.WriteLine($"ok {name}");
    }
    catch (Exception why)
    {
        failed = true;
        Console.WriteLine($"FAIL {name}: {why.GetType().Name}: {why.Message.ReplaceLineEndings(" ")}");
    }
}

async Task Refused<T>(string? message, Func<Task> call) where T : AmazonKeyManagementServiceException
{
    try
    {
        await call();
    }
    catch (T error)
    {
        Same("the length of the request id", error.RequestId?.Length, 36);
        if (message is not null)
        {
            Same("the message", error.Message, message);
        }
        return;
    }
    throw new Broken($"expected {typeof(T).Name}, but the call succeeded");
}

async Task<KeyMetadata> Described(string named) => (await kms.DescribeKeyAsync(new DescribeKeyRequest { KeyId = named })).KeyMetadata;

async Task<KeyMetadata> Told(KeyState state)
{
    var told = await Described(key);
    Same("KeyState", told.KeyState.Value, state.Value);
    Same("Enabled", told.Enabled, state == KeyState.Enabled);
    return told;
}

async Task Opens()
{
    var got = await kms.DecryptAsync(new DecryptRequest { CiphertextBlob = Copy(cipher), EncryptionContext = new(context.Reverse()) });
    Same("the plaintext", Encoding.UTF8.GetString(got.Plaintext.ToArray()), "the secret");
    Same("KeyId and KeyMaterialId", (got.KeyId, got.KeyMaterialId), (arn, id));
}

async Task DeletesMaterial()
{
    var got = await kms.DeleteImportedKeyMaterialAsync(new DeleteImportedKeyMaterialRequest { KeyId = key });
    Same("KeyId and KeyMaterialId", (got.KeyId, got.KeyMaterialId), (arn, id));
}

Task<GetParametersForImportResponse> Parameters() => kms.GetParametersForImportAsync(new GetParametersForImportRequest
{
    KeyId = key, WrappingAlgorithm = AlgorithmSpec.RSAES_OAEP_SHA_256, WrappingKeySpec = WrappingKeySpec.RSA_2048,
});

// docs: import
async Task<ImportKeyMaterialResponse> Import(byte[] bytes, DateTime? end)
{
    var asked = await Parameters();
    var request = new ImportKeyMaterialRequest
    {
        KeyId = key,
        ImportToken = asked.ImportToken,
        EncryptedKeyMaterial = new MemoryStream(Wrap(asked.PublicKey, bytes)),
    };
    if (end is null)
    {
        request.ExpirationModel = ExpirationModelType.KEY_MATERIAL_DOES_NOT_EXPIRE;
    }
    else
    {
        request.ValidTo = end.Value;
    }
    return await kms.ImportKeyMaterialAsync(request);
}

static byte[] Wrap(MemoryStream publicKey, byte[] bytes)
{
    using var rsa = RSA.Create();
    rsa.ImportSubjectPublicKeyInfo(publicKey.ToArray(), out _);
    return rsa.Encrypt(bytes, RSAEncryptionPadding.OaepSHA256);
}
// docs: end

static MemoryStream Blob(string text) => new(Encoding.UTF8.GetBytes(text));

static MemoryStream Copy(MemoryStream stream) => new(stream.ToArray());

static void Near(string what, DateTime? got, TimeSpan ahead)
{
    if (got is not { } time || (time.ToUniversalTime() - DateTime.UtcNow - ahead).Duration() > TimeSpan.FromMinutes(1))
    {
        throw new Broken($"{what} is {got}, not about {DateTime.UtcNow + ahead}");
    }
}

static void Same<T>(string what, T got, T want)
{
    if (!EqualityComparer<T>.Default.Equals(got, want))
    {
        throw new Broken($"{what} is {got}, not {want}");
    }
}

class Broken(string message) : Exception(message);
