namespace Gsasr.Cli.Models;

/// <summary>A model that the authors of GSASR publish on Hugging Face, as two files encoder.pth and decoder.pth in a folder.</summary>
/// <param name="Name">Its name in this program.</param>
/// <param name="Architecture">The name of the architecture that its weights must have.</param>
/// <param name="Folder">Its folder in <see cref="Repository"/>, spelt as it is there.</param>
internal sealed record PublishedModel(string Name, string Architecture, string Folder)
{
    /// <summary>The repository.</summary>
    public const string Repository = "mutou0308/GSASR";

    /// <summary>What a user must know before using the weights.</summary>
    public const string LicenceNote =
        "The licence of these weights is unclear: the authors' code is Apache-2.0, which need not hold for the weights. See "
        + $"https://huggingface.co/{Repository} before you use them. None of them are part of gsasr.";

    /// <summary>All published models, in the order of the authors.</summary>
    public static IReadOnlyList<PublishedModel> All { get; } =
    [
        new("edsr-paper", "edsr-paper", "GSASR_paper/EDSR"),
        new("rdn-paper", "rdn-paper", "GSASR_paper/RDN"),
        new("swin-paper", "swin-paper", "GSASR_paper/SWIN"),
        new("edsr-div2k", "edsr", "GSASR_enhenced_ultra/EDSR_DIV2K"),
        new("edsr-df2k", "edsr", "GSASR_enhenced_ultra/EDSR_DF2K"),
        new("rdn-div2k", "rdn", "GSASR_enhenced_ultra/RDN_DIV2K"),
        new("rdn-df2k", "rdn", "GSASR_enhenced_ultra/RDN_DF2K"),
        new("swin-div2k", "swin", "GSASR_enhenced_ultra/SWIN_DIV2K"),
        new("swin-df2k", "swin", "GSASR_enhenced_ultra/SWIN_DF2K"),
        new("hatl-sa1b", "hatl", "GSASR_enhenced_ultra/HATL_SA1B"),
    ];

    /// <summary>The model of this name, or null.</summary>
    /// <param name="name">The name.</param>
    public static PublishedModel? Find(string name) => All.FirstOrDefault(model => model.Name == name);
}
